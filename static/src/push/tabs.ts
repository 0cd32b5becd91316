/**
 * The tabs of one browser choose the one that listens to the server and tells the others.
 *
 * By word of mouth (BroadcastChannel) and not by Web Locks or a shared worker: locks exist on HTTPS only, and inside a house
 * pages come by plain HTTP; shared workers are missing on phones. Only tabs that are seen take part. Who leads says so again
 * and again; who hears nothing for a while leads. When two lead for a moment, the lesser name goes on.
 */

type Word =
  | { readonly kind: "who"; readonly id: string }
  | { readonly kind: "lead"; readonly id: string; readonly up: boolean | null; readonly mark: string }
  | { readonly kind: "want"; readonly id: string; readonly topics: readonly string[] }
  | { readonly kind: "left"; readonly id: string }
  | { readonly kind: "told"; readonly id: string; readonly topics: readonly string[]; readonly mark: string };

export interface Part {
  /** This tab leads from now on: it listens for these topics after `mark` (empty: nobody listened before). */
  lead(topics: readonly string[], mark: string): void;
  /** The tabs together want these topics now. */
  want(topics: readonly string[]): void;
  /** Another tab leads, or this one is not seen any more. */
  yield(): void;
  /** The leading tab was told of these. */
  heard(topics: readonly string[]): void;
  /** Whether the leading tab hears of changes. */
  hears(up: boolean): void;
  /** Something may have been told before this tab took part. */
  missed(): void;
}

/** How the tabs speak: a BroadcastChannel, or nothing where there is none. */
export interface Room {
  postMessage(word: Word): void;
  onmessage: ((event: MessageEvent<Word>) => void) | null;
}

const ANSWER_WITHIN = 150;
const SPEAK_EVERY = 5_000;
const SILENT_AFTER = 12_000;

export class Tabs {
  private seat: "away" | "asking" | "leading" | "following" = "away";
  private timer: ReturnType<typeof setTimeout> | undefined;
  private leader = "";
  private up: boolean | null = null;
  private mark = "";
  private topics: readonly string[] = [];
  private readonly wanted = new Map<string, readonly string[]>();

  constructor(
    private readonly part: Part,
    private readonly room: Room | null,
    private readonly id: string,
  ) {
    if (room !== null) room.onmessage = (event) => this.hear(event.data);
  }

  /** The page is seen: take part. `mark` is that of the page where nobody else knows a newer one. */
  come(topics: readonly string[], mark: string): void {
    this.topics = topics;
    this.mark = mark;
    this.ask();
  }

  /** The page is not seen any more. */
  go(): void {
    if (this.seat === "away") return;
    const led = this.seat === "leading";
    this.sit("away");
    if (led) this.part.yield();
    this.wanted.clear();
    this.say({ kind: "left", id: this.id });
  }

  /** This page follows other topics now. */
  want(topics: readonly string[]): void {
    this.topics = topics;
    if (this.seat === "leading") this.part.want(this.all());
    else if (this.seat === "following") this.say({ kind: "want", id: this.id, topics });
  }

  /** The leading tab's stream told these. */
  tell(topics: readonly string[], mark: string): void {
    this.mark = mark;
    if (topics.length > 0) this.say({ kind: "told", id: this.id, topics, mark });
  }

  /** Whether the leading tab's stream is there. */
  tellUp(up: boolean): void {
    this.up = up;
    this.announce();
  }

  private ask(): void {
    this.sit("asking");
    this.say({ kind: "who", id: this.id });
    this.after(this.room === null ? 0 : ANSWER_WITHIN * (1 + Math.random()), () => this.lead());
  }

  private lead(): void {
    this.sit("leading");
    this.up = null;
    if (this.mark === "") this.part.missed();
    this.announce();
    this.part.lead(this.all(), this.mark);
  }

  private announce(): void {
    if (this.seat !== "leading") return;
    this.say({ kind: "lead", id: this.id, up: this.up, mark: this.mark });
    this.after(SPEAK_EVERY, () => this.announce());
  }

  private hear(word: Word): void {
    if (this.seat === "away") return;
    switch (word.kind) {
      case "who":
        return this.announce();
      case "lead":
        return this.hearLeader(word.id, word.up, word.mark);
      case "want":
        this.wanted.set(word.id, word.topics);
        if (this.seat === "leading") this.part.want(this.all());
        return;
      case "left":
        this.wanted.delete(word.id);
        if (this.seat === "following" && word.id === this.leader)
          this.after(Math.random() * ANSWER_WITHIN, () => this.lead());
        return;
      case "told":
        if (this.seat !== "following") return;
        this.mark = word.mark;
        return this.part.heard(word.topics);
    }
  }

  private hearLeader(id: string, up: boolean | null, mark: string): void {
    if (this.seat === "leading") {
      if (this.id < id) return this.announce();
      this.part.yield();
    }
    if (this.seat === "asking") this.part.missed();
    const anew = this.seat !== "following" || this.leader !== id;
    this.sit("following");
    this.leader = id;
    if (mark !== "") this.mark = mark;
    this.after(SILENT_AFTER * (1 + Math.random() / 4), () => this.lead());
    if (anew) this.say({ kind: "want", id: this.id, topics: this.topics });
    if (up !== null) this.part.hears(up);
  }

  private all(): readonly string[] {
    return [...new Set([...this.topics, ...[...this.wanted.values()].flat()])].sort();
  }

  private sit(seat: Tabs["seat"]): void {
    clearTimeout(this.timer);
    this.seat = seat;
  }

  private after(wait: number, act: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(act, wait);
  }

  private say(word: Word): void {
    this.room?.postMessage(word);
  }
}
