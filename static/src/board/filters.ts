/** What of the board is looked at: searched, filtered, grouped and sorted. Nothing here touches the page. */

import { type Colour, foretold, type Row, signOf, type Sign, type Spreads } from "./rows";

export interface Look {
  text: string;
  flow: string;
  stage: string;
  owner: string;
  channel: string;
  colour: Colour | "";
  group: "" | "stage" | "flow" | "owner" | "channel" | "colour";
  sort: "urgent" | "longest";
}

export const EVERYTHING: Readonly<Look> = {
  text: "",
  flow: "",
  stage: "",
  owner: "",
  channel: "",
  colour: "",
  group: "",
  sort: "urgent",
};

export type Counts = Readonly<Record<Colour, number>>;

/** A heading of the list, with what stands below it. */
export interface Group {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly counts: Counts;
  /** When the time of its most urgent row ends. */
  readonly ends: number;
}

/** Late, soon late, and in time are told apart; what is foretold to be late is among the last two. */
export function countAll(rows: Iterable<Row>, now: number, spreads: Spreads): Counts {
  const counts = { red: 0, amber: 0, predicted: 0, calm: 0 };
  for (const row of rows) {
    const sign = signOf(row, now, spreads);
    if (sign === "red" || sign === "amber") counts[sign] += 1;
    else counts.calm += 1;
    if (sign !== "red" && foretold(row, now, spreads)) counts.predicted += 1;
  }
  return counts;
}

/** The rows that fit, sorted. */
export function fitting(rows: Iterable<Row>, look: Look, now: number, spreads: Spreads): Row[] {
  const text = look.text.trim().toLowerCase();
  const found = [...rows].filter((row) => fits(row, look, text) && isOf(row, look.colour, now, spreads));
  return found.sort(look.sort === "longest" ? longest : urgent);
}

/** Rows under their headings; the worst group first. */
export function grouped(
  rows: readonly Row[],
  now: number,
  spreads: Spreads,
  name: (row: Row) => string,
): Group[] {
  const byName = new Map<string, Row[]>();
  for (const row of rows) {
    const key = name(row);
    const known = byName.get(key);
    if (known === undefined) byName.set(key, [row]);
    else known.push(row);
  }
  const groups = [...byName].map(([key, own]) => ({
    name: key,
    rows: own,
    counts: countAll(own, now, spreads),
    ends: Math.min(...own.map(place)),
  }));
  return groups.sort(worse);
}

export function placeOf(row: Row, what: "flow" | "stage" | "owner" | "channel"): string {
  return what === "flow" ? row.flow : what === "stage" ? `${row.flow} ${row.node}` : row[what];
}

function fits(row: Row, look: Look, text: string): boolean {
  return (
    (look.flow === "" || row.flow === look.flow) &&
    (look.stage === "" || placeOf(row, "stage") === look.stage) &&
    (look.owner === "" || row.owner === look.owner) &&
    (look.channel === "" || row.channel === look.channel) &&
    (text === "" || row.number.toLowerCase().includes(text) || row.buyer.toLowerCase().includes(text))
  );
}

function isOf(row: Row, colour: Colour | "", now: number, spreads: Spreads): boolean {
  if (colour === "") return true;
  if (colour === "predicted") return foretold(row, now, spreads);
  const sign: Sign = signOf(row, now, spreads);
  return colour === "calm" ? sign !== "red" && sign !== "amber" : sign === colour;
}

function urgent(one: Row, other: Row): number {
  return place(one) - place(other) || longest(one, other);
}

/** What was decided waits no more. */
function place(row: Row): number {
  return row.due === null || row.stopped !== null ? Number.MAX_SAFE_INTEGER : row.due;
}

function longest(one: Row, other: Row): number {
  return one.since - other.since || (one.key < other.key ? -1 : 1);
}

function worse(one: Group, other: Group): number {
  const most = other.counts.red - one.counts.red || other.counts.amber - one.counts.amber;
  return most || one.ends - other.ends || (one.name < other.name ? -1 : 1);
}
