/** What is drawn over the canvas for the time of a gesture: snap lines, the band, the lasso. */

import { h } from "../dom";
import type { Drawing } from "../drawing";
import type { Rect } from "../shape";
import type { SnapLine } from "../snap";

export class Marks {
  readonly element = h("div", { class: "canvas-marks", "aria-hidden": "true" });

  constructor(private readonly drawing: Drawing) {}

  add(mark: Element): void {
    this.element.append(mark);
  }

  showLines(lines: readonly SnapLine[]): void {
    this.clear();
    for (const line of lines) {
      const mark = h("div", { class: "canvas-snap" });
      const length = line.to - line.from;
      const area: Rect =
        line.axis === "x"
          ? { x: line.at, y: line.from, width: 0, height: length }
          : { x: line.from, y: line.at, width: length, height: 0 };
      this.lay(mark, area);
      this.element.append(mark);
    }
  }

  clear(): void {
    this.element.replaceChildren();
  }

  /** Lay a mark over a part of the drawing. */
  lay(element: HTMLElement, area: Rect): void {
    const start = this.drawing.toContainer(area);
    const zoom = this.drawing.zoom;
    element.style.left = `${start.x}px`;
    element.style.top = `${start.y}px`;
    element.style.width = `${area.width * zoom}px`;
    element.style.height = `${area.height * zoom}px`;
  }
}
