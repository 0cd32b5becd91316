/** Lining up and spacing out: cards and notes that are selected fall into line, or stand equally far apart. */

import type { Place } from "../document";
import { around, type Rect } from "../shape";

export type Line = "left" | "centre" | "right" | "top" | "middle" | "bottom";
export type Axis = "across" | "down";

/** What is moved as one: a card, a note, or the card of a collapsed group. */
export interface Body {
  readonly id: string;
  readonly rect: Rect;
}

export type Corners = ReadonlyMap<string, Place>;

/** Where the bodies stand when they are in line; those that stand there already are not named. */
export function align(bodies: readonly Body[], line: Line): Corners {
  const whole = around(bodies.map(({ rect }) => rect));
  return moved(bodies, ({ rect }) => {
    switch (line) {
      case "left":
        return { x: whole.x, y: rect.y };
      case "centre":
        return { x: whole.x + (whole.width - rect.width) / 2, y: rect.y };
      case "right":
        return { x: whole.x + whole.width - rect.width, y: rect.y };
      case "top":
        return { x: rect.x, y: whole.y };
      case "middle":
        return { x: rect.x, y: whole.y + (whole.height - rect.height) / 2 };
      case "bottom":
        return { x: rect.x, y: whole.y + whole.height - rect.height };
    }
  });
}

/** The first and the last stay, and the gaps between all are made equal. */
export function distribute(bodies: readonly Body[], axis: Axis): Corners {
  if (bodies.length < 3) return new Map();
  const [at, length] = axis === "across" ? (["x", "width"] as const) : (["y", "height"] as const);
  const sorted = [...bodies].sort(
    (one, other) => one.rect[at] + one.rect[length] / 2 - other.rect[at] - other.rect[length] / 2,
  );
  const first = sorted[0] as Body;
  const last = sorted.at(-1) as Body;
  const room = last.rect[at] + last.rect[length] - first.rect[at];
  const filled = sorted.reduce((sum, { rect }) => sum + rect[length], 0);
  const gap = (room - filled) / (sorted.length - 1);
  const places = new Map<string, Place>();
  let next = first.rect[at];
  for (const { id, rect } of sorted) {
    places.set(id, axis === "across" ? { x: next, y: rect.y } : { x: rect.x, y: next });
    next += rect[length] + gap;
  }
  return moved(bodies, ({ id, rect }) => places.get(id) ?? rect);
}

function moved(bodies: readonly Body[], to: (body: Body) => Place): Corners {
  return new Map(
    bodies.flatMap((body) => {
      const { x, y } = to(body);
      const place = { x: Math.round(x), y: Math.round(y) };
      return place.x === body.rect.x && place.y === body.rect.y ? [] : [[body.id, place] as const];
    }),
  );
}

/** Whether a point lies within what was drawn around with the lasso. */
export function isInside(point: Place, loop: readonly Place[]): boolean {
  let inside = false;
  for (let index = 0, before = loop.length - 1; index < loop.length; before = index, index += 1) {
    const one = loop[index] as Place;
    const other = loop[before] as Place;
    const crosses =
      one.y > point.y !== other.y > point.y &&
      point.x < ((other.x - one.x) * (point.y - one.y)) / (other.y - one.y) + one.x;
    if (crosses) inside = !inside;
  }
  return inside;
}
