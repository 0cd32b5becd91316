/** The way of an edge: right-angled, out of a card to the right, into a card from the left, around what stands between. */

import type { Place } from "./document";
import type { Rect } from "./shape";

const LEAD = 24;
const LANE = 8;
const CLEARANCE = 16;
const BEND_COST = 40;
const HIT_COST = 100_000;
const NEARBY = 480;

/**
 * The corners between `from` and `to`. Of all ways with one or two upright pieces the cheapest is taken: short, few bends,
 * through no card. `lane` (0, 1, …) keeps edges that leave one card from lying on each other.
 */
export function route(from: Place, to: Place, cards: readonly Rect[], lane = 0): Place[] {
  const near = nearby(cards, from, to);
  const entry = to.x - LEAD;
  const first = from.x + LEAD;
  const exit = entry < first ? first + lane * LANE : Math.min(first + lane * LANE, entry);
  let best = straight(from, to, near);
  for (const way of [...oneUpright(from, to, exit, entry), ...twoUprights(from, to, exit, entry, near)]) {
    const cost = costOf(way, near);
    if (cost < best.cost) best = { way, cost };
  }
  return tidied(best.way).slice(1, -1);
}

/** How far a point is from the way through these points. */
export function distanceTo(points: readonly Place[], point: Place): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (let index = 1; index < points.length; index += 1) {
    const start = points[index - 1] as Place;
    const end = points[index] as Place;
    nearest = Math.min(nearest, distanceToPiece(start, end, point));
  }
  return nearest;
}

/** The middle of the longest piece of a way: where its buttons have room. */
export function middleOf(points: readonly Place[]): Place {
  let longest = 0;
  let middle = points[0] ?? { x: 0, y: 0 };
  for (let index = 1; index < points.length; index += 1) {
    const start = points[index - 1] as Place;
    const end = points[index] as Place;
    const length = lengthOf(start, end);
    if (length > longest) {
      longest = length;
      middle = { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 };
    }
  }
  return middle;
}

interface Way {
  readonly way: readonly Place[];
  readonly cost: number;
}

function straight(from: Place, to: Place, near: readonly Rect[]): Way {
  const level = Math.abs(from.y - to.y) < 1 && to.x > from.x;
  const way = [from, to];
  return { way, cost: level ? costOf(way, near) : Number.POSITIVE_INFINITY };
}

function oneUpright(from: Place, to: Place, exit: number, entry: number): Place[][] {
  if (entry < exit) return [];
  const lanes = new Set([exit, entry, (from.x + to.x) / 2]);
  return [...lanes].map((x) => [from, { x, y: from.y }, { x, y: to.y }, to]);
}

function twoUprights(from: Place, to: Place, exit: number, entry: number, near: readonly Rect[]): Place[][] {
  const levels = near.flatMap((card) => [card.y - CLEARANCE, card.y + card.height + CLEARANCE]);
  levels.push((from.y + to.y) / 2);
  return levels.map((y) => [
    from,
    { x: exit, y: from.y },
    { x: exit, y },
    { x: entry, y },
    { x: entry, y: to.y },
    to,
  ]);
}

function costOf(way: readonly Place[], near: readonly Rect[]): number {
  let cost = 0;
  for (let index = 1; index < way.length; index += 1) {
    const start = way[index - 1] as Place;
    const end = way[index] as Place;
    cost += lengthOf(start, end) + BEND_COST;
    for (const card of near) if (crosses(start, end, card)) cost += HIT_COST;
  }
  return cost;
}

/** Whether an upright or level piece runs through a card; its own ends may touch the card's edge. */
function crosses(start: Place, end: Place, card: Rect): boolean {
  const slack = 2;
  return (
    Math.max(start.x, end.x) > card.x + slack &&
    Math.min(start.x, end.x) < card.x + card.width - slack &&
    Math.max(start.y, end.y) > card.y - CLEARANCE / 4 &&
    Math.min(start.y, end.y) < card.y + card.height + CLEARANCE / 4
  );
}

function nearby(cards: readonly Rect[], from: Place, to: Place): Rect[] {
  const left = Math.min(from.x, to.x) - NEARBY;
  const right = Math.max(from.x, to.x) + NEARBY;
  const top = Math.min(from.y, to.y) - NEARBY;
  const bottom = Math.max(from.y, to.y) + NEARBY;
  return cards.filter(
    (card) => card.x < right && card.x + card.width > left && card.y < bottom && card.y + card.height > top,
  );
}

function tidied(way: readonly Place[]): Place[] {
  return way.filter((point, index) => {
    const before = way[index - 1];
    const after = way[index + 1];
    if (before === undefined || after === undefined) return true;
    const upright = before.x === point.x && point.x === after.x;
    const level = before.y === point.y && point.y === after.y;
    return !upright && !level;
  });
}

function lengthOf(start: Place, end: Place): number {
  return Math.abs(start.x - end.x) + Math.abs(start.y - end.y);
}

function distanceToPiece(start: Place, end: Place, point: Place): number {
  const dx = end.x - start.x;
  const dy = end.y - start.y;
  const square = dx * dx + dy * dy;
  const along = square === 0 ? 0 : ((point.x - start.x) * dx + (point.y - start.y) * dy) / square;
  const clamped = Math.max(0, Math.min(1, along));
  return Math.hypot(point.x - start.x - clamped * dx, point.y - start.y - clamped * dy);
}
