/**
 * Undo and redo over whole documents, as the log of the server tells them. Documents are immutable and share their
 * unchanged parts, so that a step is cheap.
 */

const LONGEST = 500;

interface Moment<T> {
  readonly state: T;
  readonly label: string;
}

export class History<T> {
  private past: Moment<T>[] = [];
  private future: Moment<T>[] = [];
  private lastKey: string | undefined;

  constructor(public present: T) {}

  /** Go on to `state`. Changes in a row with the same `key` (typing into one field) are one step. */
  record(state: T, label: string, key?: string): void {
    if (state === this.present) return;
    const continues = key !== undefined && key === this.lastKey && this.past.length > 0;
    if (!continues) this.past.push({ state: this.present, label });
    if (this.past.length > LONGEST) this.past.shift();
    this.present = state;
    this.future = [];
    this.lastKey = key;
  }

  /** Take the last step back and tell what it was, or undefined when there is none. */
  undo(): string | undefined {
    return this.go(this.past, this.future);
  }

  redo(): string | undefined {
    return this.go(this.future, this.past);
  }

  get undoLabel(): string | undefined {
    return this.past.at(-1)?.label;
  }

  get redoLabel(): string | undefined {
    return this.future.at(-1)?.label;
  }

  private go(from: Moment<T>[], to: Moment<T>[]): string | undefined {
    const moment = from.pop();
    if (moment === undefined) return undefined;
    to.push({ state: this.present, label: moment.label });
    this.present = moment.state;
    this.lastKey = undefined;
    return moment.label;
  }
}
