/** Find in all settings: a field, the passages that hold what was typed, and a press that goes to each. */

import { button, freshId, h, icon } from "../dom";
import type { Drawing } from "../drawing";
import type { Editor } from "../editor";
import { groupsOf } from "../layout";
import { inOrder } from "../outline";
import { find, type Home, type Passage, passagesOf } from "./searchable";

const MOST = 100;
const AROUND = 60;

export class Finding {
  readonly element: HTMLElement;
  private readonly field: HTMLInputElement;
  private readonly list = h("ul", { class: "found-list", role: "listbox", id: freshId("found") });
  private readonly count = h("p", { class: "found-count", role: "status" });
  private found: readonly Passage[] = [];
  private active = -1;

  constructor(
    private readonly editor: Editor,
    private readonly drawing: Drawing,
    private readonly go: (passage: Passage) => void,
    private readonly closed: () => void,
  ) {
    const { say } = editor;
    this.list.setAttribute("aria-label", say("foundList"));
    this.field = h("input", {
      class: "input",
      type: "search",
      role: "combobox",
      "aria-expanded": "true",
      "aria-controls": this.list.id,
      "aria-label": say("findTitle"),
      placeholder: say("findPlaceholder"),
      autocomplete: "off",
      input: () => {
        if (this.isOpen) this.look();
      },
      keydown: (event: KeyboardEvent) => this.pressed(event),
    });
    this.element = h(
      "search",
      { class: "finding canvas-float", hidden: true },
      h(
        "div",
        { class: "finding-head" },
        h("div", { class: "step-menu-search" }, icon("search"), this.field),
        button(say("close"), () => this.close(), { icon: "close", class: "button quiet icon-only" }),
      ),
      this.count,
      this.list,
    );
    editor.on("document", () => {
      if (this.isOpen) this.look();
    });
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  open(): void {
    this.element.hidden = false;
    this.field.focus();
    this.field.select();
    this.look();
  }

  /** Close, and take the marks away; false when it was not open. */
  close(): boolean {
    if (!this.isOpen) return false;
    this.element.hidden = true;
    this.mark([]);
    this.closed();
    return true;
  }

  private look(): void {
    const { editor } = this;
    const wanted = this.field.value;
    this.found = find(passagesOf(editor, inOrder(editor)), wanted);
    this.active = this.found.length > 0 ? 0 : -1;
    this.mark(this.found);
    const places = new Set(this.found.map(({ home }) => JSON.stringify(home))).size;
    this.count.textContent =
      wanted.trim() === ""
        ? editor.say("findHint")
        : this.found.length === 0
          ? editor.say("findNone")
          : editor.say("findCount", { count: this.found.length, places });
    this.list.replaceChildren(
      ...this.found.slice(0, MOST).map((passage, index) => this.row(passage, index, wanted)),
    );
    this.show();
  }

  private mark(found: readonly Passage[]): void {
    const ids = (kind: Home["kind"]): string[] =>
      found.flatMap(({ home }) => (home.kind !== "flow" && home.kind === kind ? [home.id] : []));
    this.drawing.markFound(new Set(ids("node")));
    this.drawing.backdrop.markFound(new Set(ids("note")));
  }

  private show(): void {
    [...this.list.children].forEach((row, index) => {
      row.setAttribute("aria-selected", String(index === this.active));
      if (index === this.active) row.scrollIntoView({ block: "nearest" });
    });
    const current = this.list.children[this.active];
    if (current === undefined) this.field.removeAttribute("aria-activedescendant");
    else this.field.setAttribute("aria-activedescendant", current.id);
  }

  private row(passage: Passage, index: number, wanted: string): HTMLElement {
    return h(
      "li",
      { id: `${this.list.id}-${index}`, role: "option", class: "found", click: () => this.choose(index) },
      h("strong", {}, this.placeName(passage.home)),
      h("span", {}, passage.label !== "" && `${passage.label}: `, ...marked(passage.text, wanted)),
    );
  }

  private placeName(home: Home): string {
    const { editor } = this;
    switch (home.kind) {
      case "node":
        return editor.nameOf(home.id);
      case "note":
        return editor.say("note");
      case "group":
        return groupsOf(editor.document).find((group) => group.id === home.id)?.name ?? "";
      case "flow":
        return editor.say("flowSettings");
    }
  }

  private choose(index: number): void {
    const passage = this.found[index];
    if (passage === undefined) return;
    this.active = index;
    this.show();
    this.go(passage);
  }

  private pressed(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const shown = Math.min(this.found.length, MOST);
    if (step !== undefined && shown > 0) {
      this.active = (this.active + step + shown) % shown;
      this.show();
    } else if (event.key === "Enter") this.choose(this.active);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** The text around the first place found, with all places found in it marked. */
export function marked(text: string, wanted: string): (Node | string)[] {
  return pieces(text, wanted).map((piece) => (piece.isFound ? h("mark", {}, piece.text) : piece.text));
}

export function pieces(text: string, wanted: string): { readonly text: string; readonly isFound: boolean }[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const lower = text.toLowerCase();
  const first = Math.min(...words.map((word) => lower.indexOf(word)).filter((at) => at >= 0));
  const start = Number.isFinite(first) && first > AROUND ? first - AROUND / 2 : 0;
  const shown = `${start > 0 ? "…" : ""}${text.slice(start, start + AROUND * 3)}${text.length > start + AROUND * 3 ? "…" : ""}`;
  const pattern = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  if (pattern === "") return [{ text: shown, isFound: false }];
  return shown
    .split(new RegExp(`(${pattern})`, "gi"))
    .filter((piece) => piece !== "")
    .map((piece) => ({ text: piece, isFound: words.includes(piece.toLowerCase()) }));
}
