/** The board on the wall: figures, the stages with most late orders first, and the most urgent orders. */

import { h } from "../canvas/dom";
import { countAll, EVERYTHING, fitting, grouped } from "./filters";
import { signIcon, signPath } from "./row";
import { type Colour, countdown, left, type Row, signOf } from "./rows";
import type { Wire } from "./wire";
import type { Words } from "./words";

const MOST_GROUPS = 6;
const MOST_ROWS = 7;

export class Wall {
  constructor(
    private readonly root: HTMLElement,
    private readonly wire: Wire,
    private readonly words: Words,
  ) {
    document.addEventListener("keydown", (event) => {
      if (event.key === "f" && !event.ctrlKey && !event.metaKey && !event.altKey) void fillScreen(root);
    });
    document.addEventListener("visibilitychange", () => void stayAwake());
    void stayAwake();
  }

  show(): void {
    this.tick();
  }

  /** All is laid anew each second: what is shown never piles up. */
  tick(): void {
    const { root, wire, words } = this;
    const now = wire.now();
    const counts = countAll(wire.rows.values(), now, wire.spreads);
    for (const figure of root.querySelectorAll<HTMLElement>("[data-figure]"))
      figure.textContent = String(counts[figure.dataset.figure as Colour]);
    const clock = root.querySelector("[data-wall-clock]");
    if (clock !== null) clock.textContent = words.clock(now);
    const rows = fitting(wire.rows.values(), EVERYTHING, now, wire.spreads);
    const waiting = rows.filter((row) => row.due !== null && row.stopped === null);
    this.groups(waiting, now);
    this.worst(waiting, now);
  }

  private groups(rows: readonly Row[], now: number): void {
    const { words, wire } = this;
    const name = (row: Row): string => `${row.stage}\n${row.flowName}`;
    const found = grouped(rows, now, wire.spreads, name);
    const shown = found.slice(0, MOST_GROUPS).map((group) => {
      const [stage = "", flow = ""] = group.name.split("\n");
      const [first] = group.rows;
      const sign = first === undefined ? "calm" : signOf(first, now, wire.spreads);
      const counts = (["red", "amber", "predicted"] as const)
        .filter((colour) => group.counts[colour] > 0)
        .map((colour) => counted(colour, group.counts[colour], words));
      return h(
        "article",
        { class: "wall-group", "data-sign": sign },
        h("div", {}, h("h2", { class: "clip" }, stage), h("p", { class: "faint clip" }, flow)),
        h("b", { class: "number" }, first === undefined ? "" : countdown(left(first, now) ?? 0)),
        h("p", { class: "wall-counts" }, h("span", {}, words.orders(group.rows.length)), ...counts),
      );
    });
    const more = found.length - shown.length;
    const rest = more > 0 && h("p", { class: "faint wall-more" }, words.say("more", { n: more }));
    const empty = found.length === 0 && h("p", { class: "wall-empty" }, words.say("empty"));
    this.lay("[data-wall-groups]", [...shown, rest, empty]);
  }

  private worst(rows: readonly Row[], now: number): void {
    const { wire } = this;
    const shown = rows.slice(0, MOST_ROWS).map((row) => {
      const sign = signOf(row, now, wire.spreads);
      const [svg, path] = signIcon();
      path.setAttribute("d", signPath(sign));
      return h(
        "p",
        { class: "wall-row", "data-sign": sign },
        svg,
        h("b", { class: "number" }, countdown(left(row, now) ?? 0)),
        h("span", { class: "clip" }, row.number),
        h("span", { class: "clip faint" }, row.owner),
      );
    });
    this.lay("[data-wall-worst]", shown);
  }

  private lay(place: string, parts: readonly (Node | false)[]): void {
    this.root.querySelector(place)?.replaceChildren(...parts.filter((part) => part !== false));
  }
}

function counted(colour: Colour, number: number, words: Words): HTMLElement {
  const [svg, path] = signIcon();
  path.setAttribute("d", signPath(colour));
  return h("span", { class: `of-${colour}` }, svg, `${words.say(colour)} ${number}`);
}

async function fillScreen(root: HTMLElement): Promise<void> {
  try {
    if (document.fullscreenElement !== null) await document.exitFullscreen();
    else await root.requestFullscreen();
  } catch {
    // A browser that does not allow it shows the page as it is.
  }
}

/** A screen that goes dark shows nothing. Browsers end this whenever the page is not seen. */
async function stayAwake(): Promise<void> {
  if (document.hidden || !("wakeLock" in navigator)) return;
  try {
    await navigator.wakeLock.request("screen");
  } catch {
    // Not allowed, or the battery is low: then it is up to the screen.
  }
}
