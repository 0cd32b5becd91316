/** Looking around on a drawing that nobody changes: pan by drag, wheel or keys, zoom by wheel, pinch or keys. */

import type { Place } from "../document";
import type { Drawing } from "../drawing";

const CLICK_SLACK = 4;
const KEY_STEP = 80;

export class Look {
  private readonly fingers = new Map<number, Place>();
  private moved = false;

  constructor(
    private readonly surface: HTMLElement,
    private readonly drawing: Drawing,
    private readonly choose: (node: string) => void,
  ) {
    surface.addEventListener("pointerdown", (event) => this.down(event));
    surface.addEventListener("pointermove", (event) => this.move(event));
    surface.addEventListener("pointerup", (event) => this.up(event));
    surface.addEventListener("pointercancel", (event) => this.fingers.delete(event.pointerId));
    surface.addEventListener("wheel", (event) => drawing.turn(event), { passive: false });
    surface.addEventListener("keydown", (event) => this.key(event));
  }

  private down(event: PointerEvent): void {
    if ((event.target as Element).closest(".canvas-float, .live-badge, .live-count") !== null) return;
    this.fingers.set(event.pointerId, pointOf(event));
    this.moved = this.fingers.size > 1;
    this.surface.focus({ preventScroll: true });
    this.surface.setPointerCapture(event.pointerId);
    event.preventDefault();
  }

  private move(event: PointerEvent): void {
    const last = this.fingers.get(event.pointerId);
    if (last === undefined) return;
    const here = pointOf(event);
    const far = Math.hypot(here.x - last.x, here.y - last.y);
    if (!this.moved && far < CLICK_SLACK) return;
    this.moved = true;
    this.surface.classList.add("is-panning");
    const others = [...this.fingers].filter(([finger]) => finger !== event.pointerId);
    const other = others[0]?.[1];
    if (other === undefined) {
      this.drawing.pan(here.x - last.x, here.y - last.y);
    } else {
      const factor = distance(here, other) / Math.max(distance(last, other), 1);
      this.drawing.pan((here.x - last.x) / 2, (here.y - last.y) / 2);
      this.drawing.zoomBy(factor, this.drawing.toLocal(middle(here, other)));
    }
    this.fingers.set(event.pointerId, here);
  }

  private up(event: PointerEvent): void {
    if (!this.fingers.delete(event.pointerId)) return;
    this.surface.classList.remove("is-panning");
    if (this.moved) return;
    const node = this.drawing.nodeNear(this.drawing.toLocal(pointOf(event)), 0);
    if (node !== undefined) this.choose(node);
  }

  private key(event: KeyboardEvent): void {
    if (event.target !== this.surface || event.ctrlKey || event.metaKey || event.altKey) return;
    const does: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.drawing.pan(KEY_STEP, 0),
      ArrowRight: () => this.drawing.pan(-KEY_STEP, 0),
      ArrowUp: () => this.drawing.pan(0, KEY_STEP),
      ArrowDown: () => this.drawing.pan(0, -KEY_STEP),
      "+": () => this.drawing.zoomBy(1.2),
      "=": () => this.drawing.zoomBy(1.2),
      "-": () => this.drawing.zoomBy(1 / 1.2),
      "0": () => this.drawing.zoomTo(1),
      "1": () => this.drawing.fit(),
    };
    const act = does[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  }
}

function pointOf(event: MouseEvent): Place {
  return { x: event.clientX, y: event.clientY };
}

function middle(one: Place, other: Place): Place {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}

function distance(one: Place, other: Place): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
