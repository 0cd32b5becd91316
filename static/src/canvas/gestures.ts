/** Mouse, pen and finger on the canvas: moving, connecting, selecting, panning and zooming. */

import type { Place } from "./document";
import type { Drawing } from "./drawing";
import type { Editor } from "./editor";
import type { Shaping } from "./editing/shaping";
import { connecting, connectingTo } from "./hand/connecting";
import { type Gesture, type Hand, isDrag, pointOf, RESTING, type Wishes } from "./hand/gesture";
import { Marks } from "./hand/marks";
import { moving, resizing } from "./hand/moving";
import { boxing, looping } from "./hand/selecting";
import { type Press, pressOn, thingAt } from "./hand/thing";
import { groupsOf } from "./layout";
import { GRID, HEAD_HEIGHT, snapped } from "./shape";

const LONG_PRESS_MS = 500;

export class Gestures implements Hand {
  private current: Gesture | null = null;
  private readonly fingers = new Map<number, Place>();
  readonly marks: Marks;
  private space = false;
  private pressTimer: number | undefined;
  private presses: readonly Press[] = [];
  private armed: { readonly node: string; readonly port: string } | null = null;
  /** What is drawn over blank canvas is a loop around what it selects, not a box. */
  isLasso = false;
  onLasso: () => void = () => {};

  constructor(
    readonly surface: HTMLElement,
    readonly drawing: Drawing,
    readonly editor: Editor,
    readonly shaping: Shaping,
    readonly wishes: Wishes,
  ) {
    this.marks = new Marks(drawing);
    surface.append(this.marks.element);
    surface.addEventListener("pointerdown", (event) => this.begin(event));
    surface.addEventListener("pointermove", (event) => this.moved(event));
    surface.addEventListener("pointerup", (event) => this.finish(event));
    surface.addEventListener("pointercancel", (event) => this.abandon(event));
    surface.addEventListener("wheel", (event) => drawing.turn(event), { passive: false });
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
    if (this.armed !== null) return connectingTo(this, this.armed, thingAt(target));
    const thing = thingAt(target);
    switch (thing?.kind) {
      case "node": {
        const port = target.closest<HTMLElement>(".port")?.dataset.port;
        if (this.editor.readOnly) return this.choosing([thing.id]);
        return port === undefined
          ? moving(this, event, { nodes: [thing.id], notes: [], node: thing.id })
          : connecting(this, event, thing.id, port);
      }
      case "group": {
        const nodes = groupsOf(this.editor.document).find((group) => group.id === thing.id)?.nodes ?? [];
        return this.editor.readOnly ? this.choosing(nodes) : moving(this, event, { nodes, notes: [] });
      }
      case "note":
        if (this.editor.readOnly) return this.choosing([], [thing.id]);
        return target.closest(".note-grip") === null
          ? moving(this, event, { nodes: [], notes: [thing.id] })
          : resizing(this, event, thing.id);
      case "edge":
        return this.choosingEdge(thing.id);
      default:
        if (event.pointerType === "touch" && !this.isLasso) return this.panning(event);
        return event.altKey || this.isLasso ? looping(this, event) : boxing(this, event);
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

  // --- choosing ---------------------------------------------------------------------------------------------------

  private choosing(nodes: readonly string[], notes: readonly string[] = []): Gesture {
    return { ...RESTING, end: () => this.editor.select(nodes, notes) };
  }

  private choosingEdge(edge: string): Gesture {
    return { move: () => {}, end: () => this.editor.selectEdge(edge), cancel: () => {} };
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
}

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null
  );
}

function spread(points: readonly Place[]): { centre: Place; length: number } {
  const [one, other] = points;
  if (one === undefined || other === undefined) return { centre: one ?? { x: 0, y: 0 }, length: 0 };
  return {
    centre: { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 },
    length: Math.hypot(one.x - other.x, one.y - other.y),
  };
}
