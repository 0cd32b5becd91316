/** Mouse, pen and finger on the canvas: moving, connecting, selecting, panning and zooming. */

import type { FlowEdge, Place, Places } from "./document";
import { h } from "./dom";
import type { Drawing } from "./drawing";
import type { Editor } from "./editor";
import { around, CARD_WIDTH, GRID, HEAD_HEIGHT, type Rect, snapped, spanOf } from "./shape";
import { type SnapLine, snap } from "./snap";

const CLICK_SLACK = 4;
const SNAP_REACH = 6;
const TARGET_REACH = 24;
const EDGE_REACH = 28;

/** What a gesture asks for that is more than changing the document. */
export interface Wishes {
  /** A port was pressed, or a new way was let go over nothing: offer what may come next. */
  offerNext(node: string, port: string, client: Place, at?: Place): void;
  offerAt(client: Place, at: Place): void;
  openSettings(node: string): void;
  /** A gesture is over: whatever had to wait for it may happen now. */
  settled(): void;
}

interface Gesture {
  move(event: PointerEvent): void;
  end(event: PointerEvent): void;
  cancel(): void;
}

/** What stands in while it is found out which gesture begins. */
const RESTING: Gesture = { move: () => {}, end: () => {}, cancel: () => {} };

export class Gestures {
  private current: Gesture | null = null;
  private readonly fingers = new Map<number, Place>();
  private readonly overlay: HTMLElement;
  private space = false;

  constructor(
    private readonly surface: HTMLElement,
    private readonly drawing: Drawing,
    private readonly editor: Editor,
    private readonly wishes: Wishes,
  ) {
    this.overlay = h("div", { class: "canvas-marks", "aria-hidden": "true" });
    surface.append(this.overlay);
    surface.addEventListener("pointerdown", (event) => this.begin(event));
    surface.addEventListener("pointermove", (event) => this.moved(event));
    surface.addEventListener("pointerup", (event) => this.finish(event));
    surface.addEventListener("pointercancel", (event) => this.abandon(event));
    surface.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    surface.addEventListener("dblclick", (event) => this.doubled(event));
    document.addEventListener("keydown", (event) => this.spaceKey(event, true));
    document.addEventListener("keyup", (event) => this.spaceKey(event, false));
  }

  /** Whether a gesture is going on: nothing may move under the hand meanwhile. */
  get isBusy(): boolean {
    return this.current !== null;
  }

  /** Break off whatever is going on; nothing has changed. Tells whether there was something. */
  cancel(): boolean {
    if (this.current === null) return false;
    this.current.cancel();
    this.current = null;
    this.wishes.settled();
    return true;
  }

  private begin(event: PointerEvent): void {
    const target = event.target as Element;
    if (target.closest(".canvas-float") !== null) return;
    this.fingers.set(event.pointerId, pointOf(event));
    this.surface.focus({ preventScroll: true });
    if (this.fingers.size === 2) {
      this.cancel();
      this.current = this.pinching();
      return;
    }
    if (this.current !== null) return;
    this.current = RESTING;
    const gesture = this.gestureAt(event, target);
    this.current = gesture;
    if (gesture === null) return;
    event.preventDefault();
    this.surface.setPointerCapture(event.pointerId);
  }

  private gestureAt(event: PointerEvent, target: Element): Gesture | null {
    if (event.button === 1 || this.space) return this.panning(event);
    if (event.button !== 0) return null;
    const card = target.closest<HTMLElement>(".card");
    const node = card?.dataset.node;
    if (node !== undefined) {
      if (this.editor.readOnly) return this.choosing(node);
      const port = target.closest<HTMLElement>(".port")?.dataset.port;
      return port === undefined ? this.moving(event, node) : this.connecting(event, node, port);
    }
    const edge = target.closest(".x6-edge")?.getAttribute("data-cell-id");
    if (edge?.startsWith("edge:")) return this.choosingEdge(edge.slice("edge:".length));
    return event.pointerType === "touch" ? this.panning(event) : this.boxing(event);
  }

  private moved(event: PointerEvent): void {
    if (this.fingers.has(event.pointerId)) this.fingers.set(event.pointerId, pointOf(event));
    this.current?.move(event);
  }

  private finish(event: PointerEvent): void {
    this.fingers.delete(event.pointerId);
    const gesture = this.current;
    this.current = null;
    gesture?.end(event);
    if (gesture !== null) this.wishes.settled();
  }

  private abandon(event: PointerEvent): void {
    this.fingers.delete(event.pointerId);
    this.cancel();
  }

  // --- moving cards -----------------------------------------------------------------------------------------------

  private moving(start: PointerEvent, node: string): Gesture {
    const { editor, drawing } = this;
    const additive = start.shiftKey || start.ctrlKey || start.metaKey;
    const before = editor.selected;
    if (!before.has(node)) editor.select(additive ? [...before, node] : [node]);
    const origin = drawing.toLocal(pointOf(start));
    const group = [...(editor.selected.has(node) ? editor.selected : [node])];
    const from = new Map(group.map((id) => [id, editor.placeOf(id)]));
    const ids = new Set(group);
    const others = editor.document.nodes
      .filter((one) => !ids.has(one.id))
      .map((one) => editor.rectOf(one.id));
    const whole = around(group.map((id) => editor.rectOf(id)));
    const alone = group.length === 1 && !this.isConnected(node);
    let places: Places | null = null;
    let edge: FlowEdge | undefined;
    const shifted = (dx: number, dy: number): Places =>
      Object.fromEntries([...from].map(([id, place]) => [id, { x: place.x + dx, y: place.y + dy }]));
    const settle = (): void => {
      this.clearMarks();
      drawing.markEdge(undefined);
      drawing.release();
    };
    return {
      move: (event) => {
        if (places === null && !isDrag(start, event)) return;
        const here = drawing.toLocal(pointOf(event));
        const wanted = snapped({ x: whole.x + here.x - origin.x, y: whole.y + here.y - origin.y });
        const free = event.altKey;
        const box = free ? { x: whole.x + here.x - origin.x, y: whole.y + here.y - origin.y } : wanted;
        const fit = free
          ? { dx: 0, dy: 0, lines: [] }
          : snap({ ...whole, ...box }, others, SNAP_REACH / drawing.zoom);
        places = shifted(box.x + fit.dx - whole.x, box.y + fit.dy - whole.y);
        drawing.preview(places);
        this.showLines(fit.lines);
        if (alone) {
          const centre = { x: box.x + CARD_WIDTH / 2, y: box.y + HEAD_HEIGHT / 2 };
          edge = drawing.edgeNear(centre, EDGE_REACH, ids);
          drawing.markEdge(edge);
        }
      },
      end: () => {
        if (places === null) {
          if (additive && before.has(node)) editor.toggle(node);
          else if (!additive) editor.select([node]);
          return;
        }
        const done = places;
        if (edge === undefined) editor.move(done);
        else editor.insert(node, edge.id, done);
        settle();
      },
      cancel: settle,
    };
  }

  private isConnected(node: string): boolean {
    return this.editor.document.edges.some((edge) => edge.from === node || edge.to === node);
  }

  // --- connecting -------------------------------------------------------------------------------------------------

  private connecting(start: PointerEvent, node: string, port: string): Gesture {
    const { editor, drawing, surface } = this;
    let dragged = false;
    let target: string | undefined;
    const settle = (): void => {
      drawing.hidePending();
      drawing.markNode(undefined);
      surface.classList.remove("is-connecting");
    };
    return {
      move: (event) => {
        if (!dragged && !isDrag(start, event)) return;
        dragged = true;
        surface.classList.add("is-connecting");
        const here = drawing.toLocal(pointOf(event));
        const near = drawing.nodeNear(here, TARGET_REACH);
        target = near !== undefined && near !== node && editor.takesEdges(near) ? near : undefined;
        drawing.markNode(target);
        drawing.showPending(node, port, here, target);
      },
      end: (event) => {
        settle();
        if (!dragged) {
          this.wishes.offerNext(node, port, pointOf(event));
          return;
        }
        const here = drawing.toLocal(pointOf(event));
        if (target !== undefined) editor.connect(node, port, target);
        else if (drawing.nodeNear(here, 0) === undefined) {
          const at = snapped({ x: here.x, y: here.y - HEAD_HEIGHT / 2 });
          this.wishes.offerNext(node, port, pointOf(event), at);
        }
      },
      cancel: settle,
    };
  }

  private choosing(node: string): Gesture {
    return { move: () => {}, end: () => this.editor.select([node]), cancel: () => {} };
  }

  private choosingEdge(edge: string): Gesture {
    return { move: () => {}, end: () => this.editor.selectEdge(edge), cancel: () => {} };
  }

  // --- selecting --------------------------------------------------------------------------------------------------

  private boxing(start: PointerEvent): Gesture {
    const { editor, drawing } = this;
    const additive = start.shiftKey || start.ctrlKey || start.metaKey;
    const before = additive ? [...editor.selected] : [];
    const origin = drawing.toLocal(pointOf(start));
    const band = h("div", { class: "canvas-band" });
    let dragged = false;
    return {
      move: (event) => {
        if (!dragged && !isDrag(start, event)) return;
        if (!dragged) this.overlay.append(band);
        dragged = true;
        const area = spanOf(origin, drawing.toLocal(pointOf(event)));
        this.lay(band, area);
        editor.select(new Set([...before, ...drawing.nodesIn(area)]));
      },
      end: () => {
        band.remove();
        if (!dragged && !additive) editor.select([]);
      },
      cancel: () => band.remove(),
    };
  }

  // --- the view ---------------------------------------------------------------------------------------------------

  private panning(start: PointerEvent): Gesture {
    const { drawing, surface, editor } = this;
    let last = pointOf(start);
    let dragged = false;
    const settle = (): void => surface.classList.remove("is-panning");
    return {
      move: (event) => {
        if (!dragged && !isDrag(start, event)) return;
        dragged = true;
        surface.classList.add("is-panning");
        const here = pointOf(event);
        drawing.pan(here.x - last.x, here.y - last.y);
        last = here;
      },
      end: () => {
        settle();
        if (!dragged && start.pointerType === "touch") editor.select([]);
      },
      cancel: settle,
    };
  }

  private pinching(): Gesture {
    const { drawing } = this;
    let last = spread([...this.fingers.values()]);
    return {
      move: () => {
        const now = spread([...this.fingers.values()]);
        if (now.length === 0 || last.length === 0) return;
        drawing.pan(now.centre.x - last.centre.x, now.centre.y - last.centre.y);
        drawing.zoomBy(now.length / last.length, drawing.toLocal(now.centre));
        last = now;
      },
      end: () => {},
      cancel: () => {},
    };
  }

  private wheel(event: WheelEvent): void {
    if ((event.target as Element).closest(".canvas-float") !== null) return;
    event.preventDefault();
    const step = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    if (event.ctrlKey || event.metaKey) {
      const factor = Math.exp((-event.deltaY * step) / 400);
      this.drawing.zoomBy(factor, this.drawing.toLocal(pointOf(event)));
    } else if (event.shiftKey && event.deltaX === 0) {
      this.drawing.pan(-event.deltaY * step, 0);
    } else {
      this.drawing.pan(-event.deltaX * step, -event.deltaY * step);
    }
  }

  private doubled(event: MouseEvent): void {
    // The pointer was captured by the surface, so the event does not tell what lies under it.
    const target = document.elementFromPoint(event.clientX, event.clientY);
    if (target === null || target.closest(".canvas-float, .port") !== null) return;
    const node = target.closest<HTMLElement>(".card")?.dataset.node;
    if (node !== undefined) this.wishes.openSettings(node);
    else if (target.closest(".x6-edge") === null && !this.editor.readOnly) {
      const here = this.drawing.toLocal(pointOf(event));
      this.wishes.offerAt(pointOf(event), snapped({ x: here.x - GRID * 2, y: here.y - HEAD_HEIGHT / 2 }));
    }
  }

  private spaceKey(event: KeyboardEvent, down: boolean): void {
    if (event.key !== " " || isTyping(event.target)) return;
    const onCanvas = document.activeElement === this.surface || document.activeElement === document.body;
    if (down && !onCanvas) return;
    if (down) event.preventDefault();
    this.space = down;
    this.surface.classList.toggle("is-pannable", down);
  }

  // --- marks ------------------------------------------------------------------------------------------------------

  private showLines(lines: readonly SnapLine[]): void {
    this.clearMarks();
    for (const line of lines) {
      const mark = h("div", { class: "canvas-snap" });
      const length = line.to - line.from;
      const area: Rect =
        line.axis === "x"
          ? { x: line.at, y: line.from, width: 0, height: length }
          : { x: line.from, y: line.at, width: length, height: 0 };
      this.lay(mark, area);
      this.overlay.append(mark);
    }
  }

  private clearMarks(): void {
    this.overlay.replaceChildren();
  }

  private lay(element: HTMLElement, area: Rect): void {
    const start = this.drawing.toContainer(area);
    const zoom = this.drawing.zoom;
    element.style.left = `${start.x}px`;
    element.style.top = `${start.y}px`;
    element.style.width = `${area.width * zoom}px`;
    element.style.height = `${area.height * zoom}px`;
  }
}

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null
  );
}

function pointOf(event: MouseEvent): Place {
  return { x: event.clientX, y: event.clientY };
}

function isDrag(start: MouseEvent, event: MouseEvent): boolean {
  return Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > CLICK_SLACK;
}

function spread(points: readonly Place[]): { centre: Place; length: number } {
  const [one, other] = points;
  if (one === undefined || other === undefined) return { centre: one ?? { x: 0, y: 0 }, length: 0 };
  return {
    centre: { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 },
    length: Math.hypot(one.x - other.x, one.y - other.y),
  };
}
