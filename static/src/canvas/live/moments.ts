/** The moments of an order's way: what was lit when, told from its visits alone. */

import { outermost } from "../nesting";
import type { Tone, Visit } from "./wire";

export interface StepThen {
  readonly tone: Tone;
  readonly current: boolean;
  /** What is written at the step: how long it stayed, or how long it has stood there. */
  readonly told: string;
}

/** One moment: what has happened up to then. `visit` is the one that begins; at the end there is none. */
export interface Moment {
  readonly at: number;
  readonly visit: number | null;
  readonly ways: ReadonlySet<string>;
  readonly steps: ReadonlyMap<string, StepThen>;
}

/** How a visit looked at a time: it waits as long as it had not left. */
function toneThen(visit: Visit, at: number): Tone {
  if (visit.left !== null && visit.left <= at) return visit.tone;
  return visit.tone === "failed" || visit.tone === "cancelled" ? visit.tone : "waiting";
}

/**
 * Moment `index` of so many visits: 0 is when the order came to its first step, `visits.length` is now. `length` tells
 * a length of time in words.
 */
export function momentAt(
  visits: readonly Visit[],
  index: number,
  now: number,
  length: (millis: number) => string,
): Moment {
  const present = visits[index];
  const at = present?.came ?? now;
  const ways = new Set<string>();
  const steps = new Map<string, StepThen>();
  for (const [number, visit] of visits.slice(0, index + 1).entries()) {
    if (visit.node === "") continue;
    const current = number === index;
    const over = !current && visit.left !== null && visit.left <= at;
    if (over) for (const port of visit.ports) ways.add(`${visit.node} ${port}`);
    const stayed = (over && visit.left !== null ? visit.left : present === undefined ? now : at) - visit.came;
    const told = current || stayed < 1000 ? "" : length(stayed);
    steps.set(outermost(visit.node), {
      tone: current ? toneThen(visit, at) : over ? visit.tone : toneThen(visit, at),
      current,
      told,
    });
  }
  return { at, visit: present === undefined ? null : index, ways, steps };
}
