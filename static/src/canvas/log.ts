/** The log of a draft as the page holds it: what the server has, what it does not have yet, and the undo that follows. */

import { type Change, changed, difference, isEmpty, wayBack } from "./changes";
import type { FlowDocument } from "./document";
import { History } from "./history";

export type Kind = "do" | "undo" | "redo";

/** One change. `series` joins changes that are undone together; `back` takes it back. */
export interface Line {
  readonly id: string;
  readonly kind: Kind;
  readonly label: string;
  readonly series?: string | null;
  readonly change: Change;
  readonly back: Change;
  /** Whose work it is, where it is somebody else's, and the flow's own document that the draft stands on with it. */
  readonly by?: string;
  readonly onto?: number;
}

/** A line that the server has given its number. */
export interface NumberedLine extends Line {
  readonly number: number;
}

const LONGEST = 300;
const MOST_AT_ONCE = 200;
/** Characters; each is up to three bytes, and a request may have 8 MiB. */
const LARGEST_LOAD = 1_000_000;

export class Log {
  private lines: Line[];
  /** What is drawn: what the server has, and what it does not have yet. */
  private drawn: FlowDocument;

  /** `stored` is what `lines` led to; `pending` are changes that the server does not have yet, the oldest first. */
  constructor(
    private stored: FlowDocument,
    lines: readonly Line[],
    public pending: Line[] = [],
  ) {
    this.lines = [...lines];
    this.drawn = this.redrawn();
  }

  /** Note what was done. Letters typed in a row into one field are one line while it is not sent (`sent` lines are). */
  note(after: FlowDocument, told: Omit<Line, "id" | "change" | "back">, sent: number): void {
    const change = difference(this.drawn, after);
    if (isEmpty(change) && told.onto === undefined) return;
    const back = wayBack(this.drawn, change);
    this.drawn = changed(this.drawn, change);
    const last = this.pending.at(-1);
    const joins =
      last !== undefined &&
      this.pending.length > sent &&
      told.kind === "do" &&
      last.kind === "do" &&
      told.series !== undefined &&
      last.series === told.series &&
      told.onto === undefined;
    if (joins) {
      this.pending[this.pending.length - 1] = {
        ...last,
        // Another page may have taken the line over as it was: what has grown since is another one.
        id: freshId(),
        change: { ...last.change, ...change },
        back: { ...back, ...last.back },
      };
    } else {
      this.pending.push({ ...told, id: freshId(), change, back });
    }
  }

  /** The server has stored the first so many pending lines. */
  confirm(count: number): void {
    for (const line of this.pending.splice(0, count)) this.store(line);
  }

  /** Take in what the server has stored and this page does not know; ours come after it. */
  takeIn(lines: readonly NumberedLine[]): void {
    const stored = new Set(lines.map((line) => line.id));
    for (const line of lines) this.store(line);
    this.pending = this.pending.filter((line) => !stored.has(line.id));
    this.drawn = this.redrawn();
  }

  /** Begin anew from another document, with what is pending after it. */
  restart(stored: FlowDocument, lines: readonly Line[]): void {
    const known = new Set(lines.map((line) => line.id));
    this.stored = stored;
    this.lines = [...lines];
    this.pending = this.pending.filter((line) => !known.has(line.id));
    this.drawn = this.redrawn();
  }

  /** What is pending stands on nothing that the server has not told yet. */
  standAlone(): void {
    this.pending = this.pending.map(({ id, kind, label, series, change, back, by }) => ({
      ...{ id, kind, label, change, back },
      ...(series !== undefined && { series }),
      ...(by !== undefined && { by }),
    }));
  }

  /** Undo and redo as the lines tell them, up to what is drawn now. */
  history(place: (document: FlowDocument) => FlowDocument): History<FlowDocument> {
    const all = [...this.lines, ...this.pending];
    const first = this.lines.reduceRight((document, line) => changed(document, line.back), this.stored);
    const history = new History(place(first));
    for (const line of all) {
      const next = changed(history.present, line.change);
      const went = line.kind === "undo" ? history.undo() : line.kind === "redo" ? history.redo() : undefined;
      if (went === undefined) history.record(next, line.label, line.series ?? undefined);
      else history.present = next;
    }
    return history;
  }

  private redrawn(): FlowDocument {
    return this.pending.reduce((document, line) => changed(document, line.change), this.stored);
  }

  private store(line: Line): void {
    this.stored = changed(this.stored, line.change);
    this.lines.push(line);
    if (this.lines.length > LONGEST) this.lines.shift();
  }
}

/** The first of these lines, as many as the server takes at once: at least one. */
export function oneLoad(lines: readonly Line[]): readonly Line[] {
  let size = 0;
  const count = lines.findIndex((line, index) => {
    size += JSON.stringify(line.change).length;
    return index > 0 && (index === MOST_AT_ONCE || size > LARGEST_LOAD);
  });
  return count < 0 ? lines.slice() : lines.slice(0, count);
}

/** An id that no other page gives: `crypto.randomUUID` is there on secure addresses only. */
export function freshId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
