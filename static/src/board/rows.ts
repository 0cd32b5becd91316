/** The rows of the board as the page holds them: what the server told, and what a row is at a moment. */

import { becomesLate, remaining, type Spread } from "./forecast";

export type Colour = "red" | "amber" | "predicted" | "calm";
export type Sign = Colour | "none" | "stopped";

/** Times are milliseconds since the epoch. */
export interface Row {
  readonly key: string;
  readonly run: string;
  readonly number: string;
  readonly buyer: string;
  readonly channel: string;
  readonly flow: string;
  readonly flowName: string;
  readonly node: string;
  readonly stage: string;
  readonly owner: string;
  readonly rest: string;
  readonly kin: string;
  readonly claimed: boolean;
  readonly whole: boolean;
  readonly escalated: boolean;
  readonly since: number;
  readonly due: number | null;
  readonly amber: number | null;
  readonly stopped: number | null;
}

export interface Answer {
  readonly mark: string;
  readonly after: string;
  readonly total: number;
  readonly forecast: string;
  readonly base: number;
  readonly words: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
  readonly gone: readonly string[];
  readonly from?: number;
  readonly next?: number | null;
}

export type Spreads = ReadonlyMap<string, Spread>;

export function readRows(answer: Answer): Row[] {
  const { words, base } = answer;
  const at = (seconds: string | number | null | undefined): number | null =>
    typeof seconds === "number" ? (base + seconds) * 1_000 : null;
  return answer.rows.map((told) => {
    const [key, number, buyer, channel, flow, flowName, node, stage, owner, rest, kin, flags, ...times] =
      told;
    const word = (place: string | number | null | undefined): string => words[Number(place)] ?? "";
    return {
      key: String(key),
      run: String(key).split(".")[0] ?? "",
      number: String(number),
      buyer: String(buyer),
      channel: word(channel),
      flow: word(flow),
      flowName: word(flowName),
      node: word(node),
      stage: word(stage),
      owner: word(owner),
      rest: word(rest),
      kin: word(kin),
      claimed: (Number(flags) & 1) > 0,
      whole: (Number(flags) & 2) > 0,
      escalated: (Number(flags) & 4) > 0,
      since: at(times[0]) ?? 0,
      due: at(times[1]),
      amber: at(times[2]),
      stopped: at(times[3]),
    };
  });
}

/** The sign under which a row stands at a moment. A decided one's clock stands still, and nothing of it becomes late. */
export function signOf(row: Row, now: number, spreads: Spreads): Sign {
  if (row.stopped !== null) return "stopped";
  if (row.due === null) return "none";
  if (now >= row.due) return "red";
  if (row.amber !== null && now >= row.amber) return "amber";
  return foretold(row, now, spreads) ? "predicted" : "calm";
}

/** Whether a row that is not late yet will be, as it looks. */
export function foretold(row: Row, now: number, spreads: Spreads): boolean {
  const spread = spreads.get(row.kin);
  if (spread === undefined || row.due === null || row.stopped !== null || now >= row.due) return false;
  return becomesLate(spread, (now - row.since) / 1_000, (row.due - row.since) / 1_000);
}

/** Seconds that it likely takes yet, from the middle to nine of ten; null: nothing is known; "longer": than any before. */
export function likely(row: Row, now: number, spreads: Spreads): readonly [number, number] | "longer" | null {
  const spread = spreads.get(row.kin);
  if (spread === undefined || row.stopped !== null) return null;
  const age = (now - row.since) / 1_000;
  const middle = remaining(spread, age, 0.5);
  const most = remaining(spread, age, 0.9);
  return middle === null || most === null ? "longer" : [middle, most];
}

/** What is left of a row's time in milliseconds; null without a limit. A decided one's stands as it was then. */
export function left(row: Row, now: number): number | null {
  return row.due === null ? null : row.due - (row.stopped ?? now);
}

/** Minutes and seconds, from an hour on with hours: `-1:02:03`. */
export function countdown(milliseconds: number): string {
  const seconds = Math.floor(Math.abs(milliseconds) / 1_000);
  const two = (number: number): string => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const told =
    hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${two(minutes)}:${two(seconds % 60)}`;
  return milliseconds < 0 && seconds > 0 ? `−${told}` : told;
}
