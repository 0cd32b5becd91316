/** When one part of a page looks again: soon after it was told of a change, and now and then without being told. */

/** Milliseconds. */
export interface Rhythm {
  /** The shortest time between two looks, however often something changes. */
  readonly gap: number;
  /** How long it goes without a look while nobody tells of changes. */
  readonly poll: number;
  /** The same while the stream tells of them: a look at what might have been missed. */
  readonly calm: number;
}

export const RHYTHM: Rhythm = { gap: 1_000, poll: 5_000, calm: 60_000 };

/** Told instead of topics: something of everything may have changed. */
export const ALL = "*";

/** How long a part that is seen again waits, at the most, until it is known whether changes are heard of. */
const UNKNOWN_FOR = 1_500;

/** setTimeout takes no more. */
const LONGEST = 2 ** 31 - 1;

export class Following {
  readonly topics: readonly string[];
  private last: number;
  private wantedAt = Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private up = false;
  private resting = false;
  private owing = false;

  /** What the page shows is fresh now. `now` tells milliseconds. */
  constructor(
    topics: readonly string[],
    private readonly look: () => void,
    private readonly rhythm: Rhythm,
    private readonly now: () => number,
  ) {
    this.topics = topics;
    this.last = now();
    this.plan();
  }

  heard(topics: readonly string[]): void {
    if (this.resting || !topics.some((topic) => this.follows(topic))) return;
    this.wantedAt = Math.min(this.wantedAt, Math.max(this.now(), this.last + this.rhythm.gap));
    this.plan();
  }

  /** Something may have been missed: look once, as soon as it is known how changes are heard of from now on. */
  owe(): void {
    this.owing = true;
  }

  /** Whether the stream tells of changes. Said whenever that becomes known or known anew. */
  hear(up: boolean): void {
    this.up = up;
    if (this.owing && !this.resting) {
      this.owing = false;
      this.wantedAt = this.now();
    }
    this.plan();
  }

  /** The page is not seen: nothing is looked at. */
  rest(): void {
    this.resting = true;
    this.plan();
  }

  /** The page is seen again. */
  wake(): void {
    this.resting = false;
    this.owing = true;
    this.wantedAt = this.now() + UNKNOWN_FOR;
    this.plan();
  }

  end(): void {
    this.resting = true;
    this.plan();
  }

  private follows(topic: string): boolean {
    if (topic === ALL || this.topics.includes(topic)) return true;
    // Told of many of a kind at once: `run:*`.
    return topic.endsWith(":*") && this.topics.some((own) => own.startsWith(topic.slice(0, -1)));
  }

  private plan(): void {
    clearTimeout(this.timer);
    if (this.resting) return;
    const { poll, calm } = this.rhythm;
    const at = Math.min(this.wantedAt, this.last + (this.up ? calm : poll));
    this.timer = setTimeout(() => this.fire(), Math.min(Math.max(at - this.now(), 0), LONGEST));
  }

  private fire(): void {
    this.last = this.now();
    this.wantedAt = Infinity;
    this.look();
    this.plan();
  }
}
