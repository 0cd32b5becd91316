/** The menu of a card, an edge, a note, a group or the blank canvas: what can be done with it, by pointer, finger or keys. */

import type { Place } from "../document";
import { h } from "../dom";
import type { Thing } from "../hand/thing";
import type { Commands } from "./commands";

/** Commands of each menu, by id; null draws a line. */
const MENUS: Readonly<Record<Thing["kind"], readonly (string | null)[]>> = {
  node: [
    ...["open-sub-flow", "settings", "rename", "add-next", "connect", null, "copy", "cut", "duplicate", null],
    ...[
      "select-onwards",
      "select-before",
      null,
      "pin",
      "group",
      "leave-group",
      "ungroup",
      "tidy-selected",
      null,
      "delete-reconnect",
      "delete",
    ],
  ],
  edge: ["insert", "delete"],
  note: ["write", "copy", "cut", "duplicate", null, "delete"],
  group: ["rename", "fold", "ungroup", null, "copy", "duplicate", "pin", "tidy-selected", null, "delete"],
  blank: [
    "add",
    "note",
    "paste",
    null,
    "select-all",
    "lasso",
    null,
    "tidy",
    "tidy-down",
    "fit",
    null,
    "find",
    "commands",
    "keys",
  ],
};

export class ContextMenu {
  private element: HTMLElement | null = null;
  private readonly dismiss = (event: Event): void => {
    if (this.element !== null && !this.element.contains(event.target as Node)) this.close();
  };

  constructor(
    private readonly host: HTMLElement,
    private readonly commands: Commands,
    /** Where the cursor goes when the menu closes without a choice. */
    private readonly closed: () => void,
  ) {}

  get isOpen(): boolean {
    return this.element !== null;
  }

  open(client: Place, kind: Thing["kind"]): void {
    this.show(client, MENUS[kind]);
  }

  /** Show these commands (those that can be done now) at a point of the window. */
  show(client: Place, ids: readonly (string | null)[]): void {
    this.close();
    const rows = this.rows(ids);
    if (rows.length === 0) return;
    this.element = h(
      "div",
      {
        class: "context-menu canvas-float",
        role: "menu",
        "aria-label": this.commands.say("menuLabel"),
        keydown: (event: KeyboardEvent) => this.pressed(event),
        contextmenu: (event: Event) => event.preventDefault(),
      },
      ...rows,
    );
    this.host.append(this.element);
    this.lay(client);
    this.items[0]?.focus({ preventScroll: true });
    document.addEventListener("pointerdown", this.dismiss, true);
    window.addEventListener("blur", this.dismiss);
  }

  close(): void {
    this.element?.remove();
    this.element = null;
    document.removeEventListener("pointerdown", this.dismiss, true);
    window.removeEventListener("blur", this.dismiss);
  }

  private get items(): readonly HTMLButtonElement[] {
    return [...(this.element?.querySelectorAll<HTMLButtonElement>("[role=menuitem]") ?? [])];
  }

  private rows(ids: readonly (string | null)[]): HTMLElement[] {
    const rows: HTMLElement[] = [];
    let isLineDue = false;
    for (const id of ids) {
      if (id === null) isLineDue = rows.length > 0;
      else if (this.commands.can(id)) {
        if (isLineDue) rows.push(h("hr", { role: "separator" }));
        isLineDue = false;
        rows.push(this.row(id));
      }
    }
    return rows;
  }

  private row(id: string): HTMLElement {
    const hint = this.commands.hint(id);
    return h(
      "button",
      {
        type: "button",
        role: "menuitem",
        tabindex: "-1",
        "data-command": id,
        "aria-keyshortcuts": this.commands.spokenKeys(id),
        click: () => {
          this.close();
          this.closed();
          this.commands.run(id);
        },
      },
      h("span", {}, this.commands.nameOf(id)),
      hint !== "" && h("kbd", { "aria-hidden": "true" }, hint),
    );
  }

  private pressed(event: KeyboardEvent): void {
    const { items } = this;
    const at = items.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) items.at(to % items.length)?.focus();
    else if (event.key === "Escape" || event.key === "Tab") {
      this.close();
      this.closed();
    } else if (event.key === "Enter" || event.key === " ") {
      event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private lay(client: Place): void {
    const { element, host } = this;
    if (element === null) return;
    const box = host.getBoundingClientRect();
    const left = Math.min(client.x - box.left, box.width - element.offsetWidth - 8);
    const top = Math.min(client.y - box.top, box.height - element.offsetHeight - 8);
    element.style.left = `${Math.max(8, left)}px`;
    element.style.top = `${Math.max(8, top)}px`;
  }
}
