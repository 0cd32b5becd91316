/** The stream of changes from the server: opened with a pass that lapses, opened again when it breaks, later each time. */

import { ALL } from "./following";

/** What a page needs to hear of changes. */
export interface Link {
  /** Where the stream is. */
  readonly address: string;
  /** Where a new pass is had. */
  readonly renewal: string;
  readonly pass: string;
  /** The server's mark of when the page was made. */
  readonly since: string;
}

export interface Listener {
  /** These topics have changed; `mark` says up to when that tells all. */
  heard(topics: readonly string[], mark: string): void;
  /** Whether changes are heard of from now on. */
  hears(up: boolean): void;
}

const PASS_LIFE = 45_000;
const OPENS_WITHIN = 8_000;
const LONGEST_PAUSE = 60_000;

/** How long to wait after so many failures in a row; never the same for two browsers. */
export function pauseAfter(failures: number, chance = Math.random()): number {
  return Math.min(1_000 * 2 ** failures, LONGEST_PAUSE) * (0.5 + chance / 2);
}

export class Stream {
  private source: EventSource | undefined;
  private timer: number | undefined;
  private pass: string;
  private passGoodUntil = performance.now() + PASS_LIFE;
  private failures = 0;
  private turn = 0;
  private arrived = false;
  private topics: readonly string[] = [];
  private mark = "";

  constructor(
    private readonly link: Link,
    private readonly listener: Listener,
  ) {
    this.pass = link.pass;
  }

  /** Listen for these topics, also for what was told after `mark`; without one, from now on. */
  open(topics: readonly string[], mark: string): void {
    this.topics = topics;
    this.mark = mark;
    void this.connect();
  }

  /** Listen for more topics, and miss nothing. Fewer are left as they are. */
  change(topics: readonly string[]): void {
    if (topics.every((topic) => this.topics.includes(topic))) return;
    this.topics = topics;
    if (this.source !== undefined) void this.connect();
  }

  close(): void {
    this.turn += 1;
    window.clearTimeout(this.timer);
    this.source?.close();
    this.source = undefined;
  }

  private async connect(): Promise<void> {
    this.close();
    const turn = this.turn;
    if (performance.now() > this.passGoodUntil && !(await this.renew())) {
      if (turn === this.turn) this.fail();
      return;
    }
    if (turn !== this.turn) return;
    const asked = new URLSearchParams({ pass: this.pass, topics: this.topics.join(" ") });
    if (this.mark !== "") asked.set("after", this.mark);
    const source = new EventSource(`${this.link.address}/events?${asked}`);
    this.source = source;
    this.arrived = false;
    source.addEventListener("here", (event) => this.arrive(event));
    source.addEventListener("message", (event) => this.take(event));
    source.addEventListener("beat", (event) => this.note(event));
    source.addEventListener("over", () => this.fail());
    source.addEventListener("error", () => this.fail());
    this.timer = window.setTimeout(() => this.fail(), OPENS_WITHIN);
  }

  private arrive(event: MessageEvent): void {
    this.failures = 0;
    this.arrived = true;
    window.clearTimeout(this.timer);
    // Where the pass lapses the stream ends; so it is opened anew a little before, with a new one.
    const left = this.passGoodUntil - performance.now();
    this.timer = window.setTimeout(() => void this.connect(), Math.max(left, 1_000) + 1);
    this.note(event);
    this.listener.hears(true);
  }

  /** Nothing has changed up to this mark. */
  private note(event: MessageEvent): void {
    this.mark = event.lastEventId;
    this.listener.heard([], this.mark);
  }

  private take(event: MessageEvent<string>): void {
    this.mark = event.lastEventId;
    const topics = event.data.split(" ");
    this.listener.heard(topics.includes(ALL) ? [ALL] : topics, this.mark);
  }

  private fail(): void {
    this.close();
    // Perhaps the pass was not good any more: while a machine sleeps, its clock of the page may stand still.
    if (!this.arrived) this.passGoodUntil = 0;
    this.listener.hears(false);
    this.timer = window.setTimeout(() => void this.connect(), pauseAfter(this.failures));
    this.failures += 1;
  }

  /** A new pass. False: the server gives none, to nobody or not to this person any more. */
  private async renew(): Promise<boolean> {
    try {
      const response = await fetch(this.link.renewal, {
        headers: { Accept: "application/json" },
        credentials: "same-origin",
        cache: "no-store",
      });
      if (!response.ok) return false;
      this.pass = ((await response.json()) as { pass: string }).pass;
    } catch {
      return false;
    }
    this.passGoodUntil = performance.now() + PASS_LIFE * (0.85 + Math.random() * 0.15);
    return true;
  }
}
