/**
 * Asks again and again while the page is seen: as soon as the server tells of a change, every few seconds where it tells
 * nothing, not at all while the page is hidden, and in longer gaps while nothing answers.
 */

import { subscribe } from "../../push";

const GAP = 4_000;
const SHORTEST_GAP = 2_000;
const LONGEST_GAP = 60_000;

/** How long to wait after so many failures in a row. */
export function gapAfter(failures: number): number {
  return Math.min(GAP * 2 ** failures, LONGEST_GAP);
}

export class Heartbeat {
  /** When the server last answered; undefined before it ever did. */
  heard: number | undefined;
  failures = 0;
  private timer: number | undefined;
  private beating = false;
  private again = false;

  constructor(
    private readonly ask: () => Promise<void>,
    private readonly told: () => void,
    topics: readonly string[],
  ) {
    subscribe(topics, () => this.hear(), { gap: SHORTEST_GAP, poll: GAP });
    document.addEventListener("visibilitychange", () => this.look());
    window.addEventListener("online", () => this.now());
  }

  /** Ask at once, and from then on again and again. */
  now(): void {
    window.clearTimeout(this.timer);
    if (this.beating) this.again = true;
    else void this.beat();
  }

  private look(): void {
    if (document.hidden) window.clearTimeout(this.timer);
    else if (this.failures > 0) this.now();
    this.told();
  }

  /** While nothing answers, its own pauses hold. */
  private hear(): void {
    if (this.failures === 0) this.now();
  }

  private async beat(): Promise<void> {
    this.beating = true;
    try {
      await this.ask();
      this.heard = Date.now();
      this.failures = 0;
    } catch {
      // Whatever is wrong, the page says since when it has heard nothing, and asks again later.
      this.failures += 1;
    }
    this.beating = false;
    this.told();
    if (document.hidden || (this.failures === 0 && !this.again)) return;
    const gap = this.again ? 0 : gapAfter(this.failures);
    this.again = false;
    this.timer = window.setTimeout(() => void this.beat(), gap);
  }
}
