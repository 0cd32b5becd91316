/** A choice from many: a button that opens a list to search in, by mouse, touch and keys. */

import { freshId, h, icon } from "../dom";
import type { Say } from "../words";

export interface Pick {
  readonly key: string;
  readonly label: string;
  /** What stands small below the label: sample values, or a key. */
  readonly detail?: string;
  readonly group?: string;
}

export interface PickerOptions {
  readonly say: Say;
  /** The path of the setting: where focus comes back to when the form is drawn anew. */
  readonly field: string;
  /** What is chosen here, for those who do not see it. */
  readonly name: string;
  readonly value: string;
  readonly prompt: string;
  readonly picks: () => readonly Pick[];
  readonly choose: (key: string) => void;
  /** Makes something new of what was typed, where that is allowed. */
  readonly make?: { readonly label: (typed: string) => string; readonly run: (typed: string) => void };
  readonly class?: string;
  /** Resolves when `picks` knows more than at first: the open list is drawn anew. */
  readonly more?: () => Promise<void>;
}

const MOST = 200;

export function picker(options: PickerOptions): HTMLElement {
  const { value, prompt, name } = options;
  const shown = options.picks().find((one) => one.key === value)?.label ?? (value === "" ? prompt : value);
  const opener = h(
    "button",
    {
      type: "button",
      class: `${options.class ?? "select"} picker${value === "" ? " is-empty" : ""}`,
      "data-field": options.field,
      "data-value": value,
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      "aria-label": `${name}: ${shown}`,
    },
    h("span", { class: "picker-shown" }, shown),
  );
  const open = (typed = ""): void => void new OpenPicker(opener, options, typed);
  opener.addEventListener("click", () => open());
  opener.addEventListener("keydown", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      open();
    } else if (plain && event.key.length === 1 && /[\p{L}\p{N}]/u.test(event.key)) {
      event.preventDefault();
      open(event.key);
    }
  });
  return h("div", { class: "picker-frame" }, opener);
}

class OpenPicker {
  private readonly listId = freshId("picks");
  private readonly list: HTMLElement;
  private readonly search: HTMLInputElement;
  private readonly window: HTMLElement;
  private offered: readonly { readonly pick: Pick; readonly run: () => void }[] = [];
  private active = 0;

  constructor(
    private readonly opener: HTMLButtonElement,
    private readonly options: PickerOptions,
    typed: string,
  ) {
    const { say, name } = options;
    this.list = h("ul", { class: "picker-list", role: "listbox", id: this.listId, "aria-label": name });
    this.search = h("input", {
      class: "input",
      type: "text",
      role: "combobox",
      "aria-expanded": "true",
      "aria-controls": this.listId,
      "aria-autocomplete": "list",
      "aria-label": name,
      placeholder: say("pickSearch"),
      autocomplete: "off",
      spellcheck: "false",
      maxlength: 200,
      value: typed,
      input: () => this.fill(),
      keydown: (event: KeyboardEvent) => this.press(event),
    });
    this.window = h(
      "div",
      { class: "picker-window", popover: "auto" },
      h("div", { class: "picker-search" }, icon("search"), this.search),
      this.list,
    );
    this.window.addEventListener("toggle", (event) => {
      if ((event as ToggleEvent).newState === "closed") this.gone();
    });
    opener.after(this.window);
    opener.setAttribute("aria-expanded", "true");
    this.window.showPopover();
    this.fill();
    this.place();
    this.search.focus();
    void options.more?.().then(() => {
      if (this.window.isConnected) this.fillAgain();
    });
  }

  private gone(): void {
    const held = this.window.contains(document.activeElement) || document.activeElement === document.body;
    this.window.remove();
    this.opener.setAttribute("aria-expanded", "false");
    if (held) this.opener.focus();
  }

  private press(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const last = this.offered.length - 1;
      const wished = this.active + step;
      this.active =
        Math.abs(step) > 1 ? Math.min(last, Math.max(0, wished)) : wished < 0 ? last : wished % (last + 1);
      this.mark();
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.take(this.active);
    } else if (event.key === "Escape" || event.key === "Tab") {
      if (event.key === "Escape") event.preventDefault();
      this.window.hidePopover();
      this.opener.focus();
    }
  }

  private take(index: number): void {
    const chosen = this.offered[index];
    if (chosen === undefined) return;
    this.window.hidePopover();
    this.opener.focus();
    chosen.run();
  }

  /** More is known: the list is drawn anew, and what was marked stays marked. */
  private fillAgain(): void {
    const marked = this.offered[this.active]?.pick;
    this.fill();
    const found = this.offered.findIndex(
      ({ pick }) => pick.key === marked?.key && pick.label === marked.label,
    );
    if (found >= 0) this.active = found;
    this.mark();
  }

  private fill(): void {
    const { say, make, choose, value } = this.options;
    const typed = this.search.value.trim();
    const found = matching(this.options.picks(), typed).slice(0, MOST);
    this.offered = found.map((pick) => ({ pick, run: () => choose(pick.key) }));
    const isNew = typed !== "" && !this.options.picks().some((one) => one.label === typed);
    if (make !== undefined && isNew) {
      const pick = { key: "", label: make.label(typed) };
      this.offered = [...this.offered, { pick, run: () => make.run(typed) }];
    }
    const present = this.offered.findIndex(({ pick }) => pick.key === value && value !== "");
    this.active = typed === "" && present > 0 ? present : 0;
    let group: string | undefined;
    const rows: HTMLElement[] = [];
    this.offered.forEach(({ pick }, index) => {
      if (pick.group !== group && pick.group !== undefined) {
        rows.push(h("li", { class: "picker-group", role: "presentation" }, pick.group));
      }
      group = pick.group;
      rows.push(this.row(pick, index));
    });
    if (rows.length === 0)
      rows.push(h("li", { class: "picker-none", role: "presentation" }, say("pickNone")));
    this.list.replaceChildren(...rows);
    this.mark();
  }

  private row(pick: Pick, index: number): HTMLElement {
    return h(
      "li",
      {
        id: `${this.listId}-${index}`,
        role: "option",
        class: `picker-option${pick.key === "" ? " is-new" : ""}`,
        "data-key": pick.key,
        click: () => this.take(index),
      },
      h("span", { class: "picker-label" }, pick.label),
      pick.detail !== undefined && pick.detail !== "" && h("span", { class: "picker-detail" }, pick.detail),
      pick.key === this.options.value && pick.key !== "" && icon("check"),
    );
  }

  private mark(): void {
    this.list.querySelectorAll("[role=option]").forEach((option, index) => {
      option.setAttribute("aria-selected", String(index === this.active));
      if (index === this.active) option.scrollIntoView({ block: "nearest" });
    });
    if (this.offered.length > 0) {
      this.search.setAttribute("aria-activedescendant", `${this.listId}-${this.active}`);
    } else this.search.removeAttribute("aria-activedescendant");
  }

  /** Below the opener, or above it where there is more room; at the foot of a phone. */
  private place(): void {
    const { style } = this.window;
    if (window.innerWidth < 700) return;
    const at = this.opener.getBoundingClientRect();
    const width = Math.max(at.width, 300);
    const below = window.innerHeight - at.bottom - 16;
    const above = at.top - 16;
    style.width = `${width}px`;
    style.left = `${Math.max(8, Math.min(at.left, window.innerWidth - width - 8))}px`;
    const upwards = below < 260 && above > below;
    if (upwards) style.bottom = `${window.innerHeight - at.top + 4}px`;
    else style.top = `${at.bottom + 4}px`;
    style.maxHeight = `${Math.min(380, upwards ? above : below)}px`;
  }
}

/** What fits the letters typed, those that begin with them first. */
export function matching(picks: readonly Pick[], typed: string): readonly Pick[] {
  const wanted = typed.toLowerCase();
  if (wanted === "") return picks;
  const begins = (pick: Pick): boolean => pick.label.toLowerCase().startsWith(wanted);
  const holds = (pick: Pick): boolean =>
    [pick.label, pick.key, pick.detail ?? ""].some((text) => text.toLowerCase().includes(wanted));
  const found = picks.filter(holds);
  return [...found.filter(begins), ...found.filter((pick) => !begins(pick))];
}
