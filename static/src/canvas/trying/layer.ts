/** The way that the tried order took, lit over the drawing; what it did not come to is dimmed. */

import { h, icon, type IconName } from "../dom";
import type { Drawing } from "../drawing";
import type { Editor } from "../editor";
import { outermost } from "../nesting";
import type { Step } from "./wire";

const SVG = "http://www.w3.org/2000/svg";

export type Tone = "done" | "waiting" | "failed" | "cancelled";

export const TONES: Readonly<Record<Tone, IconName>> = {
  done: "check",
  waiting: "past",
  failed: "error",
  cancelled: "close",
};

export function toneOf(step: Step): Tone {
  if (step.failed !== "") return "failed";
  if (step.rest !== "") return "waiting";
  return step.finish === "cancelled" ? "cancelled" : "done";
}

export class TryLayer {
  readonly element = h("div", { class: "live-layer try-layer", "aria-hidden": "true", hidden: true });
  private readonly plane = h("div", { class: "live-plane" });

  constructor(
    private readonly editor: Editor,
    private readonly drawing: Drawing,
  ) {
    this.element.append(this.plane);
  }

  lay(): void {
    const origin = this.drawing.toContainer({ x: 0, y: 0 });
    this.plane.style.transform = `translate(${origin.x}px, ${origin.y}px) scale(${this.drawing.zoom})`;
  }

  /** Light the way up to the step of this number; null puts the light out. */
  show(steps: readonly Step[] | null, index: number): void {
    this.element.hidden = steps === null;
    this.lay();
    if (steps === null) {
      this.plane.replaceChildren();
      return;
    }
    const gone = steps.slice(0, index + 1);
    this.plane.replaceChildren(...this.dimmed(gone), this.way(gone), ...this.spots(gone));
  }

  private dimmed(gone: readonly Step[]): HTMLElement[] {
    const seen = new Set(gone.map((step) => outermost(step.node)));
    const away = this.editor.document.nodes.filter((node) => !seen.has(node.id));
    return away.flatMap((node) => this.framed(node.id, "try-dim"));
  }

  private way(gone: readonly Step[]): SVGElement {
    const ways = new Set(gone.flatMap((step) => step.left.map((port) => `${step.node} ${port}`)));
    const way = document.createElementNS(SVG, "svg");
    way.setAttribute("class", "live-way");
    for (const edge of this.editor.document.edges) {
      if (!ways.has(`${edge.from} ${edge.port}`)) continue;
      const line = document.createElementNS(SVG, "polyline");
      const points = this.drawing.wayOf(edge).map((point) => `${point.x},${point.y}`);
      line.setAttribute("points", points.join(" "));
      line.setAttribute("data-edge", edge.id);
      way.append(line);
    }
    return way;
  }

  private spots(gone: readonly Step[]): HTMLElement[] {
    const last = new Map(gone.map((step, index) => [outermost(step.node), { step, index }]));
    return [...last].flatMap(([node, { step, index }]) => {
      const tone = toneOf(step);
      const current = index === gone.length - 1 ? " is-current" : "";
      const [spot] = this.framed(node, `live-spot is-${tone}${current}`);
      spot?.append(h("span", { class: "live-mark" }, icon(TONES[tone]), String(index + 1)));
      return spot === undefined ? [] : [spot];
    });
  }

  private framed(node: string, look: string): HTMLElement[] {
    const rect = this.drawing.rectOf(node);
    if (rect === undefined) return [];
    const frame = h("div", { class: look, "data-node": node });
    frame.style.left = `${rect.x}px`;
    frame.style.top = `${rect.y}px`;
    frame.style.width = `${rect.width}px`;
    frame.style.height = `${rect.height}px`;
    return [frame];
  }
}
