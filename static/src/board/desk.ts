/** The board at the desk and on the phone: figures, filters, the list, and what can be done with ticked rows. */

import { h } from "../canvas/dom";
import { countAll, EVERYTHING, fitting, type Group, grouped, type Look, placeOf } from "./filters";
import { Deeds } from "./deeds";
import { fillRow, makeRow, type Moment, type RowParts } from "./row";
import type { Colour, Row } from "./rows";
import { signOf } from "./rows";
import { Window } from "./window";
import type { Wire } from "./wire";
import type { Words } from "./words";

type Line = { readonly row: Row } | { readonly group: Group };
type Choice = "flow" | "stage" | "owner" | "channel";

const CHOICES: readonly Choice[] = ["flow", "stage", "owner", "channel"];
const COLUMNS = ["countdown", "order", "channel", "flow", "stage", "owner", "since", "likely"];
const SMALL = window.matchMedia("(max-width: 760px)");
const ROW = 40;
const CARD = 132;
const HEADING = 44;

export class Desk {
  private readonly look: Look = { ...EVERYTHING };
  private readonly list: HTMLElement;
  private readonly window: Window<Line>;
  private readonly parts = new WeakMap<HTMLElement, RowParts>();
  private readonly deeds: Deeds | null;
  private readonly empty = h("div", { class: "empty", hidden: true });
  private lines: readonly Line[] = [];
  private active = "";

  constructor(
    private readonly root: HTMLElement,
    private readonly wire: Wire,
    private readonly words: Words,
    again: () => void,
  ) {
    const frame = root.querySelector<HTMLElement>("[data-board-list]");
    if (frame === null) throw new Error("the board has no list");
    this.list = frame;
    const mayTick = root.dataset.mayLead === "true";
    this.deeds = mayTick ? new Deeds(root, wire, words, () => this.fill(), again) : null;
    this.head(mayTick);
    this.window = new Window<Line>(frame, {
      height: (line) => ("group" in line ? HEADING : SMALL.matches ? CARD : ROW),
      kind: (line) => ("group" in line ? "group" : "row"),
      make: (kind) =>
        kind === "group" ? h("div", { class: "board-group", role: "row" }) : this.makeRow(mayTick),
      fill: (element, line, index) => this.fillLine(element, line, index),
    });
    this.window.room.setAttribute("role", "rowgroup");
    frame.after(this.empty);
    this.listen();
    SMALL.addEventListener("change", () => this.show());
  }

  /** The rows have changed. */
  show(): void {
    this.offer();
    this.arrange();
    this.tick();
    this.rate();
  }

  /** A second has passed. */
  tick(): void {
    const { wire, root } = this;
    const counts = countAll(wire.rows.values(), wire.now(), wire.spreads);
    for (const figure of root.querySelectorAll<HTMLElement>("[data-figure]"))
      figure.textContent = String(counts[figure.dataset.figure as Colour]);
    if (this.look.colour !== "" || this.look.group !== "") this.arrange();
    this.fill();
  }

  private get moment(): Moment {
    return { now: this.wire.now(), spreads: this.wire.spreads, words: this.words };
  }

  private head(mayTick: boolean): void {
    const cells = COLUMNS.map((name) =>
      h("span", { class: name === "countdown" ? "left" : name, role: "columnheader" }, this.words.say(name)),
    );
    const tick = mayTick && h("span", { class: "tick", role: "columnheader", "aria-label": " " });
    this.list.setAttribute("role", "grid");
    this.list.setAttribute("tabindex", "0");
    this.list.setAttribute("aria-label", this.words.say("list"));
    this.list.append(h("div", { class: "board-head", role: "row" }, tick, ...cells));
  }

  private arrange(): void {
    const { look, wire, words } = this;
    const now = wire.now();
    const rows = fitting(wire.rows.values(), look, now, wire.spreads);
    const { group } = look;
    const name = (row: Row): string => {
      switch (group) {
        case "stage":
          return `${row.flowName || words.say("no-flow")} › ${row.stage}`;
        case "flow":
          return row.flowName || words.say("no-flow");
        case "colour":
          return words.say(signOf(row, now, wire.spreads));
        case "owner":
          return row.owner || words.say("nobody");
        default:
          return row.channel;
      }
    };
    this.lines =
      group === ""
        ? rows.map((row) => ({ row }))
        : grouped(rows, now, wire.spreads, name).flatMap((one): Line[] => [
            { group: one },
            ...one.rows.map((row) => ({ row })),
          ]);
    this.list.setAttribute("aria-rowcount", String(this.lines.length + 1));
    const shown = this.root.querySelector("[data-board-shown]");
    if (shown !== null) shown.textContent = words.say("shown", { n: rows.length, total: wire.rows.size });
    this.window.show(this.lines);
    this.showEmpty(rows.length === 0);
  }

  private showEmpty(empty: boolean): void {
    const { words, wire } = this;
    this.empty.hidden = !empty;
    this.list.hidden = empty;
    if (!empty) return;
    const nothing = wire.rows.size === 0;
    const all = h(
      "button",
      { class: "button", type: "button", click: () => this.reset() },
      words.say("show-all"),
    );
    this.empty.replaceChildren(
      h("h2", {}, words.say(nothing ? "empty" : "none-fits")),
      h("p", {}, words.say(nothing ? "empty-text" : "none-fits-text")),
      ...(nothing ? [] : [h("div", { class: "actions" }, all)]),
    );
  }

  private reset(): void {
    Object.assign(this.look, EVERYTHING, { group: this.look.group, sort: this.look.sort });
    for (const field of this.root.querySelectorAll<HTMLInputElement | HTMLSelectElement>(
      "[data-board-search], [data-board-filter]",
    ))
      field.value = "";
    this.press();
    this.show();
  }

  // --- rows -----------------------------------------------------------------------------------------------------------

  private makeRow(mayTick: boolean): HTMLElement {
    const parts = makeRow(mayTick);
    this.parts.set(parts.element, parts);
    return parts.element;
  }

  private fillLine(element: HTMLElement, line: Line, index: number): void {
    element.setAttribute("aria-rowindex", String(index + 2));
    if ("group" in line) {
      this.fillGroup(element, line.group);
      return;
    }
    const parts = this.parts.get(element);
    if (parts === undefined) return;
    const row = this.wire.rows.get(line.row.key) ?? line.row;
    fillRow(parts, row, this.moment, this.address(row), this.deeds?.has(row.key) ?? false);
    element.id = `row-${row.key}`;
    const active = row.key === this.active;
    element.classList.toggle("is-active", active);
    element.setAttribute("aria-selected", String(this.deeds?.has(row.key) ?? active));
  }

  private fillGroup(element: HTMLElement, group: Group): void {
    const { words, root } = this;
    const [first] = group.rows;
    if (first === undefined) return;
    const told = (colour: Colour): string =>
      group.counts[colour] > 0 ? `${words.say(colour)} ${group.counts[colour]}` : "";
    const href = `${root.dataset.orders ?? ""}?${this.query(first)}`;
    element.replaceChildren(
      h(
        "span",
        { role: "gridcell", class: "group-cell" },
        h("strong", { class: "clip" }, group.name),
        h("span", { class: "faint number" }, words.orders(group.rows.length)),
        h("span", { class: "of-red" }, told("red")),
        h("span", { class: "of-amber" }, told("amber")),
        h("span", { class: "of-predicted" }, told("predicted")),
        this.look.group !== "owner" &&
          this.look.group !== "colour" &&
          h("a", { class: "button quiet small", href, tabindex: "-1" }, words.say("list")),
      ),
    );
  }

  /** The orders list, filtered like a group. */
  private query(row: Row): string {
    const { group } = this.look;
    const told: Record<string, string> =
      group === "channel"
        ? { channel: row.channel }
        : { flow: row.flow, ...(group === "stage" && row.node !== "" && { step: row.node }) };
    return new URLSearchParams(told).toString();
  }

  private address(row: Row): string {
    const { orders = "", inbox = "" } = this.root.dataset;
    return row.rest === "person" ? `${inbox}/${row.key}` : `${orders}/${row.run}`;
  }

  private fill(): void {
    this.window.refresh();
  }

  // --- what is chosen ---------------------------------------------------------------------------------------------------

  private listen(): void {
    const { root, look } = this;
    root.querySelector<HTMLInputElement>("[data-board-search]")?.addEventListener("input", (event) => {
      look.text = (event.currentTarget as HTMLInputElement).value;
      this.arrange();
    });
    for (const what of CHOICES)
      this.select(`[data-board-filter="${what}"]`)?.addEventListener("change", (event) => {
        look[what] = (event.currentTarget as HTMLSelectElement).value;
        this.arrange();
      });
    this.select("[data-board-group]")?.addEventListener("change", (event) => {
      look.group = (event.currentTarget as HTMLSelectElement).value as Look["group"];
      this.arrange();
    });
    this.select("[data-board-sort]")?.addEventListener("change", (event) => {
      look.sort = (event.currentTarget as HTMLSelectElement).value as Look["sort"];
      this.arrange();
    });
    for (const figure of root.querySelectorAll<HTMLElement>("[data-colour]"))
      figure.addEventListener("click", () => {
        const colour = figure.dataset.colour as Colour;
        look.colour = look.colour === colour ? "" : colour;
        this.press();
        this.arrange();
      });
    this.list.addEventListener("click", (event) => this.click(event));
    document.addEventListener("keydown", (event) => this.key(event));
  }

  private press(): void {
    for (const figure of this.root.querySelectorAll<HTMLElement>("[data-colour]"))
      figure.setAttribute("aria-pressed", String(figure.dataset.colour === this.look.colour));
  }

  /** What can be chosen is what stands on the board. */
  private offer(): void {
    for (const what of CHOICES) {
      const select = this.select(`[data-board-filter="${what}"]`);
      if (select === null || select === document.activeElement) continue;
      const known = new Map<string, string>();
      for (const row of this.wire.rows.values())
        if (placeOf(row, what).trim() !== "") known.set(placeOf(row, what), nameOf(row, what));
      // What is chosen stays chosen, also while nothing of it stands on the board.
      const chosen = this.look[what];
      if (chosen !== "" && !known.has(chosen))
        known.set(chosen, select.selectedOptions[0]?.textContent ?? chosen);
      const all = select.options[0];
      const options = [...known].sort((one, other) => one[1].localeCompare(other[1]));
      select.replaceChildren(
        ...(all ? [all] : []),
        ...options.map(([value, name]) => h("option", { value }, name)),
      );
      select.value = chosen;
    }
  }

  private select(selector: string): HTMLSelectElement | null {
    return this.root.querySelector<HTMLSelectElement>(selector);
  }

  private click(event: MouseEvent): void {
    if (!(event.target instanceof Element)) return;
    const element = event.target.closest<HTMLElement>(".board-row");
    const key = element?.dataset.key ?? "";
    if (key === "") return;
    if (event.target instanceof HTMLInputElement) this.deeds?.tick(key, event.target.checked);
    else if (event.target.closest("a, label") === null) this.open(key);
    this.activate(key);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]") !== null || isWriting(event.target)) return;
    const onControl = event.target instanceof Element && event.target.closest("a, button, summary") !== null;
    switch (event.key) {
      case "j":
      case "ArrowDown":
        this.walk(1, event);
        break;
      case "k":
      case "ArrowUp":
        this.walk(-1, event);
        break;
      case "Enter":
        if (this.active !== "" && !onControl) this.open(this.active);
        break;
      case "x":
        if (this.wire.rows.get(this.active)?.rest === "person") this.deeds?.toggle(this.active);
        break;
      default:
    }
  }

  private walk(step: number, event: KeyboardEvent): void {
    if (event.key.startsWith("Arrow") && document.activeElement !== this.list) return;
    event.preventDefault();
    const here = this.lines.findIndex((line) => "row" in line && line.row.key === this.active);
    for (let index = here < 0 ? (step > 0 ? 0 : this.lines.length - 1) : here + step; ; index += step) {
      const line = this.lines[index];
      if (line === undefined) return;
      if (!("row" in line)) continue;
      this.window.reveal(index);
      this.activate(line.row.key);
      this.list.focus({ preventScroll: true });
      return;
    }
  }

  private activate(key: string): void {
    this.active = key;
    this.list.setAttribute("aria-activedescendant", `row-${key}`);
    this.fill();
  }

  private open(key: string): void {
    const row = this.wire.rows.get(key);
    if (row !== undefined) window.location.assign(this.address(row));
  }

  /** How often forecasts were right, in honest words. */
  private rate(): void {
    const { forecast } = this.wire;
    const place = this.root.querySelector<HTMLElement>("[data-board-rate]");
    if (place === null || forecast === undefined) return;
    const { rate, known, fewest } = forecast;
    const { hits, predicted, late, looked } = rate;
    place.textContent =
      known < fewest
        ? this.words.say("no-history", { n: known, fewest })
        : looked < fewest
          ? this.words.say("rate-few", { n: looked, fewest })
          : this.words.say("rate", { hits, predicted, late, n: looked });
  }
}

function nameOf(row: Row, what: Choice): string {
  return what === "flow" ? row.flowName : what === "stage" ? `${row.flowName} › ${row.stage}` : row[what];
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input:not([type=checkbox]), textarea, select") !== null;
}
