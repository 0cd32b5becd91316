/** What is told of a crowd of orders: how much is at risk, and in words. */

import type { IconName } from "../dom";
import type { Say, Word } from "../words";
import type { Crowd, Rest, Standing, Tone } from "./wire";

/** From how many on a half, and a tenth, of them is worth telling. */
const FEW = 5;
const SOME = 20;

export type Risk = "failed" | "late" | "soon" | "calm";

export const RISKS: readonly Risk[] = ["failed", "late", "soon", "calm"];

export const RISK_ICONS: Readonly<Record<Risk, IconName>> = {
  failed: "error",
  late: "alert",
  soon: "past",
  calm: "box",
};

export const RISK_WORDS = {
  failed: "liveFailed",
  late: "liveLate",
  soon: "liveSoon",
  calm: "liveCalm",
} as const;

export const REST_WORDS: Readonly<Record<Rest, Word>> = {
  go: "restGo",
  person: "restPerson",
  hold: "restHold",
  held: "restHeld",
  queued: "restQueued",
  system: "restSystem",
  time: "restTime",
  retry: "restRetry",
  join: "restJoin",
  failed: "restFailed",
};

export const TONE_WORDS: Readonly<Record<Tone, Word>> = {
  done: "toneDone",
  waiting: "toneWaiting",
  failed: "toneFailed",
  cancelled: "toneCancelled",
  plain: "tonePlain",
};

/** The worst that a crowd holds: it gives its badge colour and sign. */
export function riskOf(crowd: Crowd): Risk {
  if ((crowd.rests.failed ?? 0) > 0) return "failed";
  if (crowd.late > 0) return "late";
  return crowd.soon > 0 ? "soon" : "calm";
}

/** How many orders of all steps are in each kind of risk, each counted under its own. */
export function totals(standing: Standing): Readonly<Record<Risk, number>> & { readonly all: number } {
  const sum = { failed: 0, late: 0, soon: 0, calm: 0, all: 0 };
  for (const crowd of Object.values(standing.nodes)) {
    const failed = crowd.rests.failed ?? 0;
    sum.all += crowd.number;
    sum.failed += failed;
    sum.late += crowd.late;
    sum.soon += crowd.soon;
    sum.calm += crowd.number - failed - crowd.late - crowd.soon;
  }
  return sum;
}

/** A length of time in its largest unit, with the next one where it still matters: "45 s", "25 min", "3 h 20 min". */
export function lengthOf(millis: number, language: string): string {
  const seconds = Math.max(0, Math.round(millis / 1000));
  const unit = (count: number, name: string): string =>
    new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "short" }).format(count);
  if (seconds < 60) return unit(seconds, "second");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return unit(minutes, "minute");
  const hours = Math.floor(minutes / 60);
  const both = (large: string, count: number, small: string): string =>
    count === 0 ? large : `${large} ${unit(count, small)}`;
  if (hours < 24) return both(unit(hours, "hour"), minutes % 60, "minute");
  return both(unit(Math.floor(hours / 24), "day"), hours % 24, "hour");
}

export function ordersIn(count: number, say: Say, language: string): string {
  return count === 1 ? say("liveOneOrder") : say("liveOrders", { count: count.toLocaleString(language) });
}

/** Everything about a crowd, part by part: how many wait for what, how long, what is at risk. */
export function crowdWords(crowd: Crowd, say: Say, language: string, now: number): readonly string[] {
  const rests = (Object.entries(crowd.rests) as [Rest, number][]).map(([rest, count]) =>
    crowd.number === count ? say(REST_WORDS[rest]) : `${count} ${say(REST_WORDS[rest])}`,
  );
  const time = (at: number): string => lengthOf(now - at, language);
  return [
    ordersIn(crowd.number, say, language),
    ...rests,
    say("liveLongest", { time: time(crowd.oldest) }),
    ...(crowd.median === null || crowd.number < FEW ? [] : [say("liveHalf", { time: time(crowd.median) })]),
    ...(crowd.tenth === null || crowd.number < SOME ? [] : [say("liveTenth", { time: time(crowd.tenth) })]),
    ...(crowd.late > 0 ? [say("liveIsLate", { count: crowd.late })] : []),
    ...(crowd.soon > 0 ? [say("liveIsSoon", { count: crowd.soon })] : []),
  ];
}
