/** The steps that can be added, at the left: dragged onto the canvas, or added by a press. */

import type { Place } from "./document";
import { button, drawing, h, icon } from "./dom";
import type { Drawing } from "./drawing";
import type { Editor } from "./editor";
import { GROUP_WORDS, matching } from "./menu";
import type { Group, NodeKind } from "./palette-types";
import { CARD_WIDTH, HEAD_HEIGHT, snapped } from "./shape";

const EDGE_REACH = 32;
const CLICK_SLACK = 5;

export class PalettePanel {
  readonly element: HTMLElement;
  private readonly list: HTMLElement;
  private readonly search: HTMLInputElement;

  constructor(
    private readonly editor: Editor,
    private readonly drawing: Drawing,
    private readonly added: (id: string) => void,
  ) {
    const { say } = editor;
    this.list = h("div", { class: "palette-groups" });
    this.search = h("input", {
      class: "input",
      type: "search",
      placeholder: say("searchSteps"),
      "aria-label": say("searchSteps"),
      input: () => this.fill(),
    });
    const hide = button(say("hidePalette"), () => this.toggle(), { icon: "panel" });
    this.element = h(
      "aside",
      { class: "palette", "aria-label": say("steps") },
      h("div", { class: "palette-head" }, h("h2", {}, say("steps")), hide),
      h("div", { class: "palette-search" }, icon("search"), this.search),
      this.list,
      h("p", { class: "palette-hint" }, say("paletteHint")),
    );
    hide.setAttribute("aria-expanded", "true");
    this.fill();
    editor.on("document", () => this.refresh());
  }

  focus(): void {
    if (this.element.classList.contains("is-folded")) this.toggle();
    this.search.focus();
  }

  private toggle(): void {
    const folded = this.element.classList.toggle("is-folded");
    const control = this.element.querySelector(".palette-head button");
    const label = this.editor.say(folded ? "showPalette" : "hidePalette");
    control?.setAttribute("aria-expanded", String(!folded));
    control?.setAttribute("aria-label", label);
    control?.setAttribute("title", label);
  }

  private fill(): void {
    const { say, palette } = this.editor;
    const kinds = matching(palette.kinds, this.search.value, say);
    const groups = new Map<Group, NodeKind[]>();
    for (const kind of kinds) groups.set(kind.group, [...(groups.get(kind.group) ?? []), kind]);
    this.list.replaceChildren(
      ...[...groups].map(([group, members]) =>
        h(
          "section",
          {},
          h("h3", {}, say(GROUP_WORDS[group])),
          h("ul", {}, ...members.map((kind) => h("li", {}, this.item(kind)))),
        ),
      ),
    );
    if (kinds.length === 0) this.list.append(h("p", { class: "palette-none" }, say("noStepFound")));
    this.refresh();
  }

  private refresh(): void {
    for (const item of this.list.querySelectorAll<HTMLButtonElement>("button[data-kind]")) {
      const kind = this.editor.kinds.get(item.dataset.kind ?? "");
      const may = kind === undefined || this.editor.mayAdd(kind);
      item.disabled = !may;
      item.title = may ? (kind?.help ?? "") : this.editor.say("oneStartOnly");
    }
  }

  private item(kind: NodeKind): HTMLElement {
    const item = h(
      "button",
      {
        type: "button",
        class: `palette-item group-${kind.group}`,
        "data-kind": kind.kind,
        click: (event: MouseEvent) => {
          // A press by key; the pointer's own presses end in `drag`.
          if (event.detail === 0) this.addNear(kind);
        },
      },
      h("span", { class: "card-icon" }, drawing(kind.icon)),
      h("span", { class: "palette-item-name" }, kind.label),
    );
    item.addEventListener("pointerdown", (event) => this.drag(event, item, kind));
    return item;
  }

  /** Add beside the selected step (and lead its free main way there), else in the middle of the view. */
  addNear(kind: NodeKind): void {
    const { editor, drawing } = this;
    const single = editor.single;
    const free = single === undefined ? undefined : freePort(editor, single);
    const centre = drawing.centre();
    const spot =
      single !== undefined && free !== undefined && kind.incoming
        ? { after: { node: single, port: free } }
        : { near: { x: centre.x - CARD_WIDTH / 2, y: centre.y - HEAD_HEIGHT / 2 } };
    const id = editor.add(kind, spot);
    if (id !== undefined) this.added(id);
  }

  private drag(start: PointerEvent, item: HTMLButtonElement, kind: NodeKind): void {
    if (start.button !== 0 || item.disabled) return;
    const origin = { x: start.clientX, y: start.clientY };
    const ghost = item.cloneNode(true) as HTMLElement;
    ghost.classList.add("palette-ghost");
    let dragged = false;
    if (start.pointerType !== "touch") item.setPointerCapture(start.pointerId);
    const move = (event: PointerEvent): void => {
      const here = { x: event.clientX, y: event.clientY };
      if (!dragged && Math.hypot(here.x - origin.x, here.y - origin.y) < CLICK_SLACK) return;
      if (!dragged) document.body.append(ghost);
      dragged = true;
      ghost.style.left = `${here.x}px`;
      ghost.style.top = `${here.y}px`;
      this.drawing.markEdge(this.isOver(here) && kind.incoming ? this.edgeAt(here) : undefined);
    };
    const stop = (): void => {
      ghost.remove();
      this.drawing.markEdge(undefined);
      item.removeEventListener("pointermove", move);
      item.removeEventListener("pointerup", drop);
      item.removeEventListener("pointercancel", stop);
    };
    const drop = (event: PointerEvent): void => {
      stop();
      const here = { x: event.clientX, y: event.clientY };
      if (!dragged) this.addNear(kind);
      else if (this.isOver(here)) this.drop(kind, here);
    };
    item.addEventListener("pointermove", move);
    item.addEventListener("pointerup", drop);
    item.addEventListener("pointercancel", stop);
  }

  private drop(kind: NodeKind, client: Place): void {
    const here = this.drawing.toLocal(client);
    const at = snapped({ x: here.x - CARD_WIDTH / 2, y: here.y - HEAD_HEIGHT / 2 });
    const edge = kind.incoming ? this.edgeAt(client) : undefined;
    const id = this.editor.add(kind, edge === undefined ? { at } : { on: edge.id, at });
    if (id !== undefined) this.added(id);
  }

  private edgeAt(client: Place): ReturnType<Drawing["edgeNear"]> {
    return this.drawing.edgeNear(this.drawing.toLocal(client), EDGE_REACH);
  }

  private isOver(client: Place): boolean {
    const under = document.elementFromPoint(client.x, client.y);
    return under !== null && this.drawing.container.contains(under);
  }
}

/** The first way out of a step that leads nowhere yet. */
export function freePort(editor: Editor, id: string): string | undefined {
  const taken = new Set(editor.document.edges.filter((edge) => edge.from === id).map((edge) => edge.port));
  return editor.ports(id).find((port) => !taken.has(port.id) && !port.failure)?.id;
}
