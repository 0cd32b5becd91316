/** Mouse, pen and finger on the canvas: moving, connecting, selecting, panning and zooming. */

import type { FlowEdge, Place, Places } from "./document";
import { h } from "./dom";
import type { Drawing } from "./drawing";
import type { Editor } from "./editor";
import { isInside } from "./editing/arrange";
import type { Shaping } from "./editing/shaping";
import { groupsOf, NOTE_LEAST, shiftedBy } from "./layout";
import { around, CARD_WIDTH, GRID, HEAD_HEIGHT, overlaps, type Rect, snapped, spanOf } from "./shape";
import { type SnapLine, snap } from "./snap";

const CLICK_SLACK = 4;
const SNAP_REACH = 6;
const TARGET_REACH = 24;
const EDGE_REACH = 28;
const LONG_PRESS_MS = 500;

/** What lies under the pointer, of all that can be asked about. */
export type Thing =
  | { readonly kind: "node" | "edge" | "note" | "group"; readonly id: string }
  | { readonly kind: "blank"; readonly at: Place };

/** What a gesture asks for that is more than changing the document. */
export interface Wishes {
  /** A port was pressed, or a new way was let go over nothing: offer what may come next. */
  offerNext(node: string, port: string, client: Place, at?: Place): void;
  offerAt(client: Place, at: Place): void;
  openSettings(node: string): void;
  rename(thing: Thing): void;
  writeNote(note: string): void;
  /** Offer what can be done with a thing. */
  offerMenu(client: Place, thing: Thing): void;
  /** A way out was tapped: the next tap tells where it leads. */
  arm(node: string, port: string): void;
  /** A gesture is over: whatever had to wait for it may happen now. */
  settled(): void;
}

interface Gesture {
  move(event: PointerEvent): void;
  end(event: PointerEvent): void;
  cancel(): void;
}

/** What was pressed: a double click is about what its first press met. */
interface Press {
  readonly thing: Thing | null;
  readonly isName: boolean;
  readonly isElsewhere: boolean;
}

/** What is dragged: steps and notes; `node` when it is the card of one step. */
interface Grabbed {
  readonly nodes: readonly string[];
  readonly notes: readonly string[];
  readonly node?: string;
}

/** What stands in while it is found out which gesture begins. */
const RESTING: Gesture = { move: () => {}, end: () => {}, cancel: () => {} };

export class Gestures {
  private current: Gesture | null = null;
  private readonly fingers = new Map<number, Place>();
  private readonly overlay: HTMLElement;
  private space = false;
  private pressTimer: number | undefined;
  private presses: readonly Press[] = [];
  private armed: { readonly node: string; readonly port: string } | null = null;
  /** What is drawn over blank canvas is a loop around what it selects, not a box. */
  isLasso = false;
  onLasso: () => void = () => {};

  constructor(
    private readonly surface: HTMLElement,
    private readonly drawing: Drawing,
    private readonly editor: Editor,
    private readonly shaping: Shaping,
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
    surface.addEventListener("contextmenu", (event) => this.asked(event));
    surface.addEventListener("click", (event) => this.folded(event));
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

  /** Lead this way out to the card that is pressed next; null lets go of it. */
  arm(way: { readonly node: string; readonly port: string } | null): void {
    this.armed = way;
    this.surface.classList.toggle("is-connecting", way !== null);
  }

  get isArmed(): boolean {
    return this.armed !== null;
  }

  setLasso(on: boolean): void {
    this.isLasso = on;
    this.surface.classList.toggle("is-lasso", on);
    this.onLasso();
  }

  private begin(event: PointerEvent): void {
    const target = event.target as Element;
    window.clearTimeout(this.pressTimer);
    this.presses = [...this.presses.slice(-1), pressOn(target)];
    if (target.closest(".canvas-float, .group-fold, textarea") !== null) return;
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
    if (event.pointerType === "touch") this.awaitLongPress(event);
    event.preventDefault();
    this.surface.setPointerCapture(event.pointerId);
  }

  private gestureAt(event: PointerEvent, target: Element): Gesture | null {
    if (event.button === 1 || this.space) return this.panning(event);
    if (event.button !== 0) return null;
    if (this.armed !== null) return this.connectingTo(this.armed, thingAt(target));
    const thing = thingAt(target);
    switch (thing?.kind) {
      case "node": {
        const port = target.closest<HTMLElement>(".port")?.dataset.port;
        if (this.editor.readOnly) return this.choosing([thing.id]);
        return port === undefined
          ? this.moving(event, { nodes: [thing.id], notes: [], node: thing.id })
          : this.connecting(event, thing.id, port);
      }
      case "group": {
        const nodes = groupsOf(this.editor.document).find((group) => group.id === thing.id)?.nodes ?? [];
        return this.editor.readOnly ? this.choosing(nodes) : this.moving(event, { nodes, notes: [] });
      }
      case "note":
        if (this.editor.readOnly) return this.choosing([], [thing.id]);
        return target.closest(".note-grip") === null
          ? this.moving(event, { nodes: [], notes: [thing.id] })
          : this.resizing(event, thing.id);
      case "edge":
        return this.choosingEdge(thing.id);
      default:
        if (event.pointerType === "touch" && !this.isLasso) return this.panning(event);
        return event.altKey || this.isLasso ? this.looping(event) : this.boxing(event);
    }
  }

  // --- asking what can be done ------------------------------------------------------------------------------------

  private awaitLongPress(start: PointerEvent): void {
    const target = start.target as Element;
    const stop = (event?: PointerEvent): void => {
      if (event?.type === "pointermove" && !isDrag(start, event)) return;
      window.clearTimeout(this.pressTimer);
      this.surface.removeEventListener("pointermove", stop);
      this.surface.removeEventListener("pointerup", stop);
    };
    this.pressTimer = window.setTimeout(() => {
      stop();
      if (this.fingers.size !== 1) return;
      this.cancel();
      this.offerMenu(pointOf(start), target);
    }, LONG_PRESS_MS);
    this.surface.addEventListener("pointermove", stop);
    this.surface.addEventListener("pointerup", stop);
  }

  private asked(event: MouseEvent): void {
    const target = event.target as Element;
    if (target.closest(".canvas-float, textarea") !== null) return;
    event.preventDefault();
    // A finger that rests has been heard already.
    if ((event as PointerEvent).pointerType === "touch") return;
    this.cancel();
    this.offerMenu(pointOf(event), document.elementFromPoint(event.clientX, event.clientY) ?? target);
  }

  private offerMenu(client: Place, target: Element): void {
    const thing = thingAt(target);
    this.wishes.offerMenu(client, thing ?? { kind: "blank", at: this.drawing.toLocal(client) });
  }

  private folded(event: MouseEvent): void {
    const button = (event.target as Element).closest(".group-fold");
    const group = button?.closest<HTMLElement>("[data-group]")?.dataset.group;
    if (group !== undefined) this.shaping.fold(group);
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

  private moving(start: PointerEvent, grabbed: Grabbed): Gesture {
    const { editor, drawing } = this;
    const additive = start.shiftKey || start.ctrlKey || start.metaKey;
    const wasSelected = isSelected(editor, grabbed);
    if (!wasSelected && additive)
      editor.select([...editor.selected, ...grabbed.nodes], [...editor.selectedNotes, ...grabbed.notes]);
    else if (!wasSelected) editor.select(grabbed.nodes, grabbed.notes);
    const origin = drawing.toLocal(pointOf(start));
    const ids = editor.selected;
    const from = new Map([...ids].map((id) => [id, editor.placeOf(id)]));
    const notes = editor.notes.filter((note) => editor.selectedNotes.has(note.id));
    const cards = drawing.cards().filter((card) => card.nodes.some((id) => ids.has(id)));
    const others = [
      ...drawing.cards().filter((card) => !card.nodes.some((id) => ids.has(id))),
      ...editor.notes.filter((note) => !editor.selectedNotes.has(note.id)).map((rect) => ({ rect })),
    ].map(({ rect }) => rect);
    const whole = around([...cards.map(({ rect }) => rect), ...notes]);
    const { node } = grabbed;
    const isAlone = node !== undefined && ids.size === 1 && notes.length === 0 && !this.isConnected(node);
    let places: Places | null = null;
    let papers: ReadonlyMap<string, Place> = new Map();
    let edge: FlowEdge | undefined;
    const settle = (): void => {
      this.clearMarks();
      drawing.markEdge(undefined);
      drawing.release();
    };
    return {
      move: (event) => {
        if (places === null && !isDrag(start, event)) return;
        const here = drawing.toLocal(pointOf(event));
        const free = { x: whole.x + here.x - origin.x, y: whole.y + here.y - origin.y };
        const box = event.altKey ? free : snapped(free);
        const fit = event.altKey
          ? { dx: 0, dy: 0, lines: [] }
          : snap({ ...whole, ...box }, others, SNAP_REACH / drawing.zoom);
        const [dx, dy] = [box.x + fit.dx - whole.x, box.y + fit.dy - whole.y];
        places = Object.fromEntries([...from].map(([id, place]) => [id, shiftedBy(place, dx, dy)]));
        papers = new Map(notes.map((note) => [note.id, shiftedBy(note, dx, dy)]));
        drawing.preview(places);
        drawing.backdrop.preview(papers);
        this.showLines(fit.lines);
        if (isAlone) {
          const centre = { x: box.x + CARD_WIDTH / 2, y: box.y + HEAD_HEIGHT / 2 };
          edge = drawing.edgeNear(centre, EDGE_REACH, ids);
          drawing.markEdge(edge);
        }
      },
      end: () => {
        if (places === null) {
          this.pressed(grabbed, additive, wasSelected);
          return;
        }
        if (edge !== undefined && node !== undefined) editor.insert(node, edge.id, places);
        else this.shaping.move(places, papers);
        settle();
      },
      cancel: settle,
    };
  }

  /** What a press without a drag selects. */
  private pressed(grabbed: Grabbed, additive: boolean, wasSelected: boolean): void {
    const { editor } = this;
    if (!additive) editor.select(grabbed.nodes, grabbed.notes);
    else if (wasSelected) {
      const without = (all: ReadonlySet<string>, gone: readonly string[]): string[] =>
        [...all].filter((id) => !gone.includes(id));
      editor.select(without(editor.selected, grabbed.nodes), without(editor.selectedNotes, grabbed.notes));
    }
  }

  private resizing(start: PointerEvent, id: string): Gesture {
    const { drawing, editor } = this;
    const note = editor.notes.find((one) => one.id === id);
    const origin = drawing.toLocal(pointOf(start));
    if (note === undefined) return RESTING;
    let size: { width: number; height: number } | null = null;
    return {
      move: (event) => {
        const here = drawing.toLocal(pointOf(event));
        size = {
          width: Math.max(NOTE_LEAST.width, note.width + here.x - origin.x),
          height: Math.max(NOTE_LEAST.height, note.height + here.y - origin.y),
        };
        drawing.backdrop.previewSize(id, size.width, size.height);
      },
      end: () => {
        if (size !== null) this.shaping.resizeNote(id, size.width, size.height);
      },
      cancel: () => drawing.backdrop.follow(),
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
          if (event.pointerType === "touch") this.wishes.arm(node, port);
          else this.wishes.offerNext(node, port, pointOf(event));
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

  /** The tap after a way out was tapped: a card is where it leads, anything else lets go of it. */
  private connectingTo(way: { readonly node: string; readonly port: string }, thing: Thing | null): Gesture {
    return {
      ...RESTING,
      end: () => {
        this.arm(null);
        if (thing?.kind === "node") this.editor.connect(way.node, way.port, thing.id);
      },
    };
  }

  private choosing(nodes: readonly string[], notes: readonly string[] = []): Gesture {
    return { ...RESTING, end: () => this.editor.select(nodes, notes) };
  }

  private choosingEdge(edge: string): Gesture {
    return { move: () => {}, end: () => this.editor.selectEdge(edge), cancel: () => {} };
  }

  // --- selecting --------------------------------------------------------------------------------------------------

  private boxing(start: PointerEvent): Gesture {
    const { editor, drawing } = this;
    const additive = start.shiftKey || start.ctrlKey || start.metaKey;
    const before = additive ? [...editor.selected] : [];
    const written = additive ? [...editor.selectedNotes] : [];
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
        const notes = editor.notes.filter((note) => overlaps(note, area)).map((note) => note.id);
        editor.select([...before, ...drawing.nodesIn(area)], [...written, ...notes]);
      },
      end: () => {
        band.remove();
        if (!dragged && !additive) editor.select([]);
      },
      cancel: () => band.remove(),
    };
  }

  /** The lasso: what it is drawn around is selected, by the middles of cards and notes. */
  private looping(start: PointerEvent): Gesture {
    const { editor, drawing } = this;
    const additive = start.shiftKey || start.ctrlKey || start.metaKey;
    const before = additive ? [...editor.selected] : [];
    const written = additive ? [...editor.selectedNotes] : [];
    const loop: Place[] = [drawing.toLocal(pointOf(start))];
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
    picture.setAttribute("class", "canvas-loop");
    picture.append(line);
    this.overlay.append(picture);
    const within = (rect: Rect): boolean =>
      isInside({ x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 }, loop);
    return {
      move: (event) => {
        loop.push(drawing.toLocal(pointOf(event)));
        const points = loop.map((point) => drawing.toContainer(point));
        line.setAttribute("points", points.map(({ x, y }) => `${x},${y}`).join(" "));
        const notes = editor.notes.filter(within).map((note) => note.id);
        editor.select([...before, ...drawing.nodesWhere(within)], [...written, ...notes]);
      },
      end: () => {
        picture.remove();
        if (this.isLasso) this.setLasso(false);
      },
      cancel: () => picture.remove(),
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
    // The first press may have moved what was pressed: the second lies elsewhere then, and does not count.
    const [first] = this.presses;
    if (first === undefined || first.isElsewhere || (event.target as Element).closest(".canvas-float"))
      return;
    const { thing } = first;
    const isName = first.isName && !this.editor.readOnly;
    if (thing?.kind === "note") this.wishes.writeNote(thing.id);
    else if (thing?.kind === "group" || (thing?.kind === "node" && isName)) this.wishes.rename(thing);
    else if (thing?.kind === "node") this.wishes.openSettings(thing.id);
    else if (thing === null && !this.editor.readOnly) {
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

/** The thing that an element belongs to; null for blank canvas. A group is taken by its name or its card. */
function thingAt(target: Element): Thing | null {
  const card = target.closest<HTMLElement>(".card");
  if (card?.dataset.node !== undefined) return { kind: "node", id: card.dataset.node };
  const group = (card ?? target.closest(".group-head")?.closest<HTMLElement>(".group-frame"))?.dataset.group;
  if (group !== undefined) return { kind: "group", id: group };
  const note = target.closest<HTMLElement>(".note")?.dataset.note;
  if (note !== undefined) return { kind: "note", id: note };
  const edge = target.closest(".x6-edge")?.getAttribute("data-cell-id");
  return edge?.startsWith("edge:") === true ? { kind: "edge", id: edge.slice("edge:".length) } : null;
}

function pressOn(target: Element): Press {
  return {
    thing: thingAt(target),
    isName: target.closest(".card-name, .group-name") !== null,
    isElsewhere: target.closest(".canvas-float, .port, .group-fold, textarea") !== null,
  };
}

function isSelected(editor: Editor, { nodes, notes }: Grabbed): boolean {
  return nodes.every((id) => editor.selected.has(id)) && notes.every((id) => editor.selectedNotes.has(id));
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
