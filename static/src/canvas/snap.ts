/** Snap lines: cards that are dragged near the edge or the middle line of another fall into line with it. */

import type { Rect } from "./shape";
import { HEAD_HEIGHT } from "./shape";

export interface SnapLine {
  readonly axis: "x" | "y";
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

export interface Snap {
  readonly dx: number;
  readonly dy: number;
  readonly lines: readonly SnapLine[];
}

/** How much further `moving` has to go to fall into line with the nearest of `others`, at most `reach` away. */
export function snap(moving: Rect, others: readonly Rect[], reach: number): Snap {
  const x = nearest(uprights(moving), others, uprights, reach);
  const y = nearest(levels(moving), others, levels, reach);
  const placed = { ...moving, x: moving.x + (x?.by ?? 0), y: moving.y + (y?.by ?? 0) };
  const lines: SnapLine[] = [];
  if (x !== undefined) lines.push(line("x", x.at, placed, x.other));
  if (y !== undefined) lines.push(line("y", y.at, placed, y.other));
  return { dx: x?.by ?? 0, dy: y?.by ?? 0, lines };
}

interface Near {
  readonly by: number;
  readonly at: number;
  readonly other: Rect;
}

/** Left and right edge. */
function uprights(rect: Rect): number[] {
  return [rect.x, rect.x + rect.width];
}

/** Top, the line of the ways in and out, bottom. */
function levels(rect: Rect): number[] {
  return [rect.y, rect.y + HEAD_HEIGHT / 2, rect.y + rect.height];
}

function nearest(
  own: readonly number[],
  others: readonly Rect[],
  lines: (rect: Rect) => number[],
  reach: number,
): Near | undefined {
  let best: Near | undefined;
  for (const other of others) {
    lines(other).forEach((at, index) => {
      const by = at - (own[index] ?? at);
      if (Math.abs(by) <= reach && (best === undefined || Math.abs(by) < Math.abs(best.by))) {
        best = { by, at, other };
      }
    });
  }
  return best;
}

function line(axis: "x" | "y", at: number, one: Rect, other: Rect): SnapLine {
  const start = axis === "x" ? "y" : "x";
  const length = axis === "x" ? "height" : "width";
  return {
    axis,
    at,
    from: Math.min(one[start], other[start]),
    to: Math.max(one[start] + one[length], other[start] + other[length]),
  };
}
