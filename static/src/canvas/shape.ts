/** How large a card is and where its ports are, told from its ports alone: nothing is measured in the page. */

import type { Place } from "./document";

export const CARD_WIDTH = 232;
export const HEAD_HEIGHT = 60;
export const PORT_ROW = 28;
export const GRID = 8;
/** Room around the card for the dots of its ports and its shadow. */
export const MARGIN = 28;

/** Room between the steps of a group and its frame; the frame's name stands above them. */
const FRAME_SIDE = 20;
const FRAME_HEAD = 44;

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function cardHeight(ports: number): number {
  return ports > 1 ? HEAD_HEIGHT + ports * PORT_ROW + 6 : HEAD_HEIGHT;
}

export function cardRect(place: Place, ports: number): Rect {
  return { x: place.x, y: place.y, width: CARD_WIDTH, height: cardHeight(ports) };
}

/** Where the way into a card ends. */
export function entryOf(place: Place): Place {
  return { x: place.x, y: place.y + HEAD_HEIGHT / 2 };
}

/** Where the way out by the port at `index` of `ports` begins. */
export function exitOf(place: Place, index: number, ports: number): Place {
  const down = ports > 1 ? HEAD_HEIGHT + index * PORT_ROW + PORT_ROW / 2 : HEAD_HEIGHT / 2;
  return { x: place.x + CARD_WIDTH, y: place.y + down };
}

export function contains(rect: Rect, point: Place, margin = 0): boolean {
  return (
    point.x >= rect.x - margin &&
    point.x <= rect.x + rect.width + margin &&
    point.y >= rect.y - margin &&
    point.y <= rect.y + rect.height + margin
  );
}

export function overlaps(one: Rect, other: Rect, margin = 0): boolean {
  return (
    one.x < other.x + other.width + margin &&
    other.x < one.x + one.width + margin &&
    one.y < other.y + other.height + margin &&
    other.y < one.y + one.height + margin
  );
}

export function spanOf(one: Place, other: Place): Rect {
  return {
    x: Math.min(one.x, other.x),
    y: Math.min(one.y, other.y),
    width: Math.abs(one.x - other.x),
    height: Math.abs(one.y - other.y),
  };
}

export function snapped(place: Place): Place {
  return { x: Math.round(place.x / GRID) * GRID, y: Math.round(place.y / GRID) * GRID };
}

export function around(rects: readonly Rect[]): Rect {
  if (rects.length === 0) return { x: 0, y: 0, width: 0, height: 0 };
  const left = Math.min(...rects.map((rect) => rect.x));
  const top = Math.min(...rects.map((rect) => rect.y));
  const right = Math.max(...rects.map((rect) => rect.x + rect.width));
  const bottom = Math.max(...rects.map((rect) => rect.y + rect.height));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The frame of a group around the cards in it. */
export function frameAround(cards: readonly Rect[]): Rect {
  const { x, y, width, height } = around(cards);
  return {
    x: x - FRAME_SIDE,
    y: y - FRAME_HEAD,
    width: width + 2 * FRAME_SIDE,
    height: height + FRAME_HEAD + FRAME_SIDE,
  };
}

/** The nearest free spot for a new card, downwards from where it is wanted. */
export function freeSpot(wanted: Place, height: number, taken: readonly Rect[]): Place {
  let place = snapped(wanted);
  for (let step = 0; step < 200; step += 1) {
    const rect = { x: place.x, y: place.y, width: CARD_WIDTH, height };
    const blocker = taken.find((other) => overlaps(rect, other, GRID * 2));
    if (blocker === undefined) return place;
    place = snapped({ x: place.x, y: blocker.y + blocker.height + GRID * 4 });
  }
  return place;
}
