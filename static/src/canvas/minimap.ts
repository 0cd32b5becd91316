/** The small map of a flow that is larger than the window: where one is, and a press that goes elsewhere. */

import { h } from "./dom";
import type { Drawing } from "./drawing";
import type { Editor } from "./editor";
import { around, type Rect } from "./shape";

const WIDTH = 176;
const HEIGHT = 112;
const PADDING = 8;

export class Minimap {
  readonly element = h("canvas", { class: "minimap canvas-float", "aria-hidden": "true", hidden: true });
  private asked = false;
  private scale = 1;
  private origin = { x: 0, y: 0 };

  constructor(
    private readonly editor: Editor,
    private readonly drawing: Drawing,
  ) {
    const density = window.devicePixelRatio || 1;
    this.element.width = WIDTH * density;
    this.element.height = HEIGHT * density;
    for (const topic of ["document", "selection", "problems"] as const) editor.on(topic, () => this.ask());
    this.element.addEventListener("pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      this.go(event);
    });
    this.element.addEventListener("pointermove", (event) => {
      if (event.buttons !== 0) this.go(event);
    });
  }

  /** Draw anew before the next frame. */
  ask(): void {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.draw();
    });
  }

  private draw(): void {
    const { drawing, element } = this;
    const flow = drawing.bounds();
    const view = drawing.view();
    const whole = around([flow, view]);
    element.hidden = flow.width === 0 || (whole.width <= view.width + 1 && whole.height <= view.height + 1);
    const pen = element.getContext("2d");
    if (element.hidden || pen === null) return;
    this.scale = Math.min((WIDTH - 2 * PADDING) / whole.width, (HEIGHT - 2 * PADDING) / whole.height);
    this.origin = {
      x: (WIDTH - whole.width * this.scale) / 2 - whole.x * this.scale,
      y: (HEIGHT - whole.height * this.scale) / 2 - whole.y * this.scale,
    };
    const density = element.width / WIDTH;
    pen.setTransform(density, 0, 0, density, 0, 0);
    pen.clearRect(0, 0, WIDTH, HEIGHT);
    this.drawCards(pen);
    this.drawView(pen, view);
  }

  private drawCards(pen: CanvasRenderingContext2D): void {
    const { editor, drawing } = this;
    const faulty = new Set(editor.problems.filter((one) => one.level === "error").map((one) => one.node));
    const colors = {
      plain: this.color("--way"),
      chosen: this.color("--accent"),
      faulty: this.color("--failed"),
    };
    for (const { nodes, rect } of drawing.cards()) {
      const isChosen = nodes.some((id) => editor.selected.has(id));
      const isFaulty = nodes.some((id) => faulty.has(id));
      pen.fillStyle = isChosen ? colors.chosen : isFaulty ? colors.faulty : colors.plain;
      const { x, y, width, height } = this.placed(rect);
      pen.fillRect(x, y, Math.max(width, 2), Math.max(height, 2));
    }
  }

  private drawView(pen: CanvasRenderingContext2D, view: Rect): void {
    const { x, y, width, height } = this.placed(view);
    pen.strokeStyle = this.color("--text-2");
    pen.lineWidth = 1;
    pen.strokeRect(Math.round(x) + 0.5, Math.round(y) + 0.5, Math.round(width), Math.round(height));
  }

  /** A colour of the design system as it is in the present theme. */
  private color(name: string): string {
    this.element.style.color = `var(${name})`;
    return getComputedStyle(this.element).color;
  }

  private placed(rect: Rect): Rect {
    return {
      x: rect.x * this.scale + this.origin.x,
      y: rect.y * this.scale + this.origin.y,
      width: rect.width * this.scale,
      height: rect.height * this.scale,
    };
  }

  private go(event: PointerEvent): void {
    const x = (event.offsetX - this.origin.x) / this.scale;
    const y = (event.offsetY - this.origin.y) / this.scale;
    this.drawing.showAt({ x, y });
  }
}
