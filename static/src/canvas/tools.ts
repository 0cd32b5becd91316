/** The small tools that float over the canvas: zoom, fit, tidy, lasso, notes, finding; the buttons of an edge; the hint on an empty canvas. */

import { append, button, h, type IconName } from "./dom";
import type { Workbench } from "./editing/workbench";
import type { Drawing } from "./drawing";
import type { Editor } from "./editor";

/** Zoom and fit; with a workbench also what can be done with its commands most often. */
export function zoomTools(editor: Editor, drawing: Drawing, bench?: Workbench): HTMLElement {
  const { say } = editor;
  const quiet = "button quiet icon-only";
  const shown = h("button", {
    type: "button",
    class: "button quiet zoom-shown",
    title: say("zoomReset"),
    click: () => drawing.zoomTo(1),
  });
  const tell = (): void => {
    shown.textContent = `${Math.round(drawing.zoom * 100)}%`;
  };
  drawing.graph.on("scale", tell);
  tell();
  const tools = h(
    "div",
    { class: "zoom-tools canvas-float", role: "toolbar", "aria-label": say("canvasTools") },
    button(say("zoomOut"), () => drawing.zoomBy(1 / 1.2), { icon: "minus", class: quiet }),
    shown,
    button(say("zoomIn"), () => drawing.zoomBy(1.2), { icon: "plus", class: quiet }),
    gap(),
    button(say("fit"), () => drawing.fit(), { icon: "fit", class: quiet }),
  );
  if (bench !== undefined) append(tools, benchTools(bench));
  return tools;
}

function gap(): HTMLElement {
  return h("span", { class: "tool-gap" });
}

function benchTools(bench: Workbench): (HTMLElement | false)[] {
  const { commands, gestures } = bench;
  const tool = (id: string, picture: IconName): HTMLButtonElement | false => {
    if (commands.get(id) === undefined) return false;
    const element = button(commands.nameOf(id), () => commands.run(id), {
      icon: picture,
      class: "button quiet icon-only",
    });
    element.dataset.command = id;
    // Its keys may have been given anew since.
    element.addEventListener("pointerenter", () => (element.title = commands.titleOf(id)));
    return element;
  };
  const lasso = tool("lasso", "lasso");
  gestures.onLasso = () => {
    if (lasso) lasso.setAttribute("aria-pressed", String(gestures.isLasso));
  };
  gestures.onLasso();
  const note = tool("note", "note");
  return [
    note && tidyTool(bench),
    gap(),
    lasso,
    note,
    gap(),
    tool("find", "search"),
    tool("commands", "command"),
  ];
}

/** Its press offers the ways to tidy. */
function tidyTool(bench: Workbench): HTMLButtonElement {
  const tidy = button(
    bench.editor.say("tidyUp"),
    () => {
      const { left, top } = tidy.getBoundingClientRect();
      bench.offerTidying({ x: left, y: top - 8 });
    },
    { icon: "tidy", class: "button quiet icon-only" },
  );
  tidy.setAttribute("aria-haspopup", "menu");
  return tidy;
}

/** Insert and remove, in the middle of the edge that is pointed at or selected. */
export class EdgeTools {
  private readonly element: HTMLElement;
  private edge: string | null = null;
  private timer: number | undefined;

  constructor(
    surface: HTMLElement,
    private readonly editor: Editor,
    private readonly drawing: Drawing,
    insert: (edge: string, client: { x: number; y: number }) => void,
  ) {
    const { say } = editor;
    const plus = button(
      say("insertStep"),
      (event) => {
        if (this.edge !== null) insert(this.edge, { x: event.clientX, y: event.clientY });
        this.hide();
      },
      { icon: "plus" },
    );
    const remove = button(
      say("removeEdge"),
      () => {
        if (this.edge !== null) editor.removeEdge(this.edge);
        this.hide();
      },
      { icon: "close" },
    );
    this.element = h("div", { class: "edge-tools canvas-float", hidden: true }, plus, remove);
    this.element.addEventListener("pointerenter", () => window.clearTimeout(this.timer));
    this.element.addEventListener("pointerleave", () => this.hideSoon());
    surface.append(this.element);
    surface.addEventListener("pointermove", (event) => this.point(event));
    editor.on("selection", () => this.followSelection());
    editor.on("document", () => this.lay());
  }

  /** Called when the view has moved. */
  lay(): void {
    const edge = this.editor.document.edges.find((one) => one.id === this.edge);
    if (edge === undefined) {
      this.hide();
      return;
    }
    const at = this.drawing.toContainer(this.drawing.middleOf(edge));
    this.element.style.left = `${at.x}px`;
    this.element.style.top = `${at.y}px`;
  }

  private point(event: PointerEvent): void {
    if (event.buttons !== 0 || event.pointerType === "touch" || this.editor.readOnly) return;
    const cell = (event.target as Element).closest(".x6-edge")?.getAttribute("data-cell-id");
    if (cell?.startsWith("edge:")) this.show(cell.slice("edge:".length));
    else if (this.edge !== null && !this.element.contains(event.target as Node)) this.hideSoon();
  }

  private followSelection(): void {
    if (this.editor.selectedEdge !== null && !this.editor.readOnly) this.show(this.editor.selectedEdge);
    else this.hideSoon();
  }

  private show(edge: string): void {
    window.clearTimeout(this.timer);
    this.timer = undefined;
    if (this.edge === edge && !this.element.hidden) return;
    this.edge = edge;
    this.element.hidden = false;
    this.lay();
  }

  private hideSoon(): void {
    if (this.timer !== undefined || this.editor.selectedEdge !== null) return;
    this.timer = window.setTimeout(() => this.hide(), 250);
  }

  private hide(): void {
    window.clearTimeout(this.timer);
    this.timer = undefined;
    this.edge = null;
    this.element.hidden = true;
  }
}

export function emptyHint(editor: Editor, add: () => void): HTMLElement {
  const { say } = editor;
  const hint = h(
    "div",
    { class: "canvas-empty canvas-float" },
    h("h2", {}, say("emptyTitle")),
    h("p", {}, say("emptyText")),
    button(say("emptyAction"), add, { icon: "plus", text: true, class: "button primary" }),
  );
  const show = (): void => {
    hint.hidden = editor.document.nodes.length > 0;
  };
  editor.on("document", show);
  show();
  return hint;
}
