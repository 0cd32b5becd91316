/** The menu that offers the next step: by search and keys, or by a press. */

import type { Place } from "./document";
import { drawing, h, icon } from "./dom";
import type { Editor } from "./editor";
import type { Group, NodeKind } from "./palette-types";
import type { Say, Word } from "./words";

export const GROUP_WORDS: Readonly<Record<Group, Word>> = {
  start: "groupStart",
  decide: "groupDecide",
  people: "groupPeople",
  systems: "groupSystems",
  time: "groupTime",
  order: "groupOrder",
  end: "groupEnd",
};

/** Kinds in the order of their groups; with a search those that match, the best first. */
export function matching(kinds: readonly NodeKind[], search: string, say: Say): NodeKind[] {
  const wanted = search.trim().toLowerCase();
  const groups = Object.keys(GROUP_WORDS);
  return kinds
    .map((kind) => ({ kind, rank: rankOf(kind, wanted, say), group: groups.indexOf(kind.group) }))
    .filter(({ rank }) => rank < 3)
    .sort((one, other) => one.rank - other.rank || one.group - other.group)
    .map(({ kind }) => kind);
}

/** How well a kind matches: 0 by the start of its name, 1 by its name, 2 by what it does, 3 not at all. */
function rankOf(kind: NodeKind, wanted: string, say: Say): number {
  const label = kind.label.toLowerCase();
  if (label.startsWith(wanted) || kind.kind.startsWith(wanted)) return 0;
  if (label.includes(wanted)) return 1;
  return `${kind.help} ${say(GROUP_WORDS[kind.group])}`.toLowerCase().includes(wanted) ? 2 : 3;
}

export class StepMenu {
  private element: HTMLElement | null = null;
  private readonly dismiss = (event: PointerEvent): void => {
    if (this.element !== null && !this.element.contains(event.target as Node)) this.close();
  };

  constructor(
    private readonly host: HTMLElement,
    private readonly editor: Editor,
    private readonly closed: () => void,
  ) {}

  get isOpen(): boolean {
    return this.element !== null;
  }

  /** Offer the kinds of steps at a point of the window. `title` says what the chosen one is for. */
  open(client: Place, title: string, choose: (kind: NodeKind) => void): void {
    this.close();
    const { say } = this.editor;
    const offered = this.editor.palette.kinds.filter((kind) => kind.incoming || this.editor.mayAdd(kind));
    const list = h("ul", {
      class: "step-menu-list",
      role: "listbox",
      id: "step-menu-list",
      "aria-label": title,
    });
    const search = h("input", {
      class: "input",
      type: "text",
      role: "combobox",
      "aria-expanded": "true",
      "aria-controls": "step-menu-list",
      "aria-autocomplete": "list",
      "aria-label": title,
      placeholder: say("searchSteps"),
      autocomplete: "off",
    });
    let shown: NodeKind[] = [];
    let active = 0;
    const pick = (kind: NodeKind): void => {
      this.close();
      choose(kind);
    };
    const mark = (): void => {
      [...list.children].forEach((child, index) => {
        child.setAttribute("aria-selected", String(index === active));
        if (index === active) child.scrollIntoView({ block: "nearest" });
      });
      search.setAttribute("aria-activedescendant", `step-menu-${active}`);
    };
    const fill = (): void => {
      shown = matching(offered, search.value, say);
      active = 0;
      list.replaceChildren(...shown.map((kind, index) => optionElement(kind, index, () => pick(kind))));
      if (shown.length === 0) list.append(h("li", { class: "step-menu-none" }, say("noStepFound")));
      mark();
    };
    search.addEventListener("input", fill);
    search.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step !== undefined) {
        event.preventDefault();
        active = (active + step + shown.length) % Math.max(shown.length, 1);
        mark();
      } else if (event.key === "Enter") {
        event.preventDefault();
        const kind = shown[active];
        if (kind !== undefined) pick(kind);
      } else if (event.key === "Escape" || event.key === "Tab") {
        event.preventDefault();
        event.stopPropagation();
        this.close();
        this.closed();
      }
    });
    this.element = h(
      "div",
      { class: "step-menu canvas-float", role: "dialog", "aria-label": title },
      h("div", { class: "step-menu-search" }, icon("search"), search),
      list,
    );
    this.host.append(this.element);
    fill();
    this.lay(client);
    search.focus({ preventScroll: true });
    document.addEventListener("pointerdown", this.dismiss, true);
  }

  close(): void {
    this.element?.remove();
    this.element = null;
    document.removeEventListener("pointerdown", this.dismiss, true);
  }

  private lay(client: Place): void {
    const { element, host } = this;
    if (element === null) return;
    const box = host.getBoundingClientRect();
    const left = Math.min(client.x - box.left + 8, box.width - element.offsetWidth - 8);
    const top = Math.min(client.y - box.top - 20, box.height - element.offsetHeight - 8);
    element.style.left = `${Math.max(8, left)}px`;
    element.style.top = `${Math.max(8, top)}px`;
  }
}

function optionElement(kind: NodeKind, index: number, pick: () => void): HTMLElement {
  return h(
    "li",
    {
      id: `step-menu-${index}`,
      role: "option",
      class: `step-option group-${kind.group}`,
      "data-kind": kind.kind,
      click: pick,
    },
    h("span", { class: "card-icon" }, drawing(kind.icon)),
    h("span", { class: "step-option-words" }, h("strong", {}, kind.label), h("span", {}, kind.help)),
  );
}
