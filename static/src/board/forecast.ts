/**
 * What an order still needs at its stage, read from a spread: durations in seconds at even shares (the shortest, at 5 %, …,
 * the longest). The same reading as `runtime/core/forecast.py`.
 */

export type Spread = readonly number[];

/** In how many seconds this share of those who stood as long as that goes on; null: nobody ever stood so long. */
export function remaining(spread: Spread, age: number, share: number): number | null {
  const last = spread[spread.length - 1] ?? 0;
  if (age >= last) return null;
  const gone = shareGone(spread, age);
  return Math.max(0, durationAt(spread, gone + share * (1 - gone)) - age);
}

/** Whether at this age the middle of what may come lies behind the limit. */
export function becomesLate(spread: Spread, age: number, limit: number): boolean {
  const middle = remaining(spread, age, 0.5);
  return middle === null || age + middle > limit;
}

function shareGone(spread: Spread, age: number): number {
  let below = 0;
  while (below < spread.length && (spread[below] ?? 0) <= age) below += 1;
  if (below === 0) return 0;
  const first = spread[below - 1] ?? 0;
  const second = spread[below] ?? first;
  return (below - 1 + (age - first) / (second - first)) / (spread.length - 1);
}

function durationAt(spread: Spread, share: number): number {
  const place = Math.min(Math.max(share, 0), 1) * (spread.length - 1);
  const below = Math.min(Math.floor(place), spread.length - 2);
  const first = spread[below] ?? 0;
  return first + ((spread[below + 1] ?? first) - first) * (place - below);
}
