/** Undo and redo over whole documents. Documents are immutable and share their unchanged parts, so that a step is cheap. */

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

  /** End the current row of changes: the next one is a step of its own. */
  pause(): void {
    this.lastKey = undefined;
  }

  /** Take the last step back and tell what it was, or undefined when there is none. */
  undo(): string | undefined {
    const moment = this.past.pop();
    if (moment === undefined) return undefined;
    this.future.push({ state: this.present, label: moment.label });
    this.present = moment.state;
    this.lastKey = undefined;
    return moment.label;
  }

  redo(): string | undefined {
    const moment = this.future.pop();
    if (moment === undefined) return undefined;
    this.past.push({ state: this.present, label: moment.label });
    this.present = moment.state;
    this.lastKey = undefined;
    return moment.label;
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  get undoLabel(): string | undefined {
    return this.past.at(-1)?.label;
  }

  get redoLabel(): string | undefined {
    return this.future.at(-1)?.label;
  }
}
