/** The draft is saved by itself, within a second of every change, and says how it stands. */

import type { FlowDocument } from "./document";
import type { Editor } from "./editor";
import {
  type DraftAnswer,
  type Live,
  type PublishedAnswer,
  type Refusal,
  Refused,
  type Server,
} from "./server";

export type Standing =
  | { readonly kind: "saved" | "unsaved" | "saving" }
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "conflict"; readonly refusal: Refusal };

const PAUSE = 700;
const FIRST_RETRY = 2_000;
const LONGEST_RETRY = 30_000;
const LARGEST_PARTING = 20_000;

/** The last changes are not stored, so that what is drawn cannot be published. */
export class NotSaved extends Error {}

export class Draft {
  standing: Standing = { kind: "saved" };
  published: Live | null;
  /** Of the draft as it was last saved: equal to the published one when nothing has changed in meaning. */
  fingerprint: string | null;
  onChange: () => void = () => {};
  private stored: FlowDocument;
  private rev: number;
  private timer: number | undefined;
  private saving: Promise<void> | null = null;
  private retry = FIRST_RETRY;

  constructor(
    private readonly editor: Editor,
    private readonly server: Server,
    answer: DraftAnswer,
  ) {
    this.stored = editor.document;
    this.rev = answer.rev;
    this.published = answer.published;
    this.fingerprint = answer.fingerprint;
    editor.on("document", () => this.noted());
    window.addEventListener("online", () => void this.save());
    window.addEventListener("pagehide", () => this.leave());
    window.addEventListener("beforeunload", (event) => {
      if (!this.isSaved && !this.canLeave()) event.preventDefault();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") void this.save();
    });
  }

  get isSaved(): boolean {
    return this.editor.document === this.stored;
  }

  /** Save now. Resolves when the present document is stored, or when that failed. */
  async save(): Promise<void> {
    window.clearTimeout(this.timer);
    while (!this.isSaved && this.standing.kind !== "conflict") {
      this.saving ??= this.store().finally(() => {
        this.saving = null;
      });
      await this.saving;
      if (this.standing.kind === "failed") return;
    }
  }

  /** Publish what is drawn. Throws `Refused`, or `NotSaved` when the last changes could not be stored first. */
  async publish(note: string): Promise<PublishedAnswer> {
    await this.save();
    if (!this.isSaved) throw new NotSaved();
    const answer = await this.server.publish(note);
    this.published = { version: answer.version, fingerprint: answer.fingerprint };
    this.fingerprint = answer.fingerprint;
    this.editor.setProblems(answer.problems);
    this.onChange();
    return answer;
  }

  /** End a conflict by loading what the other person saved. Ours can be brought back with undo. */
  async takeTheirs(): Promise<void> {
    const answer = await this.server.draft();
    this.rev = answer.rev;
    this.published = answer.published;
    this.fingerprint = answer.fingerprint;
    this.editor.load(answer.document);
    this.stored = this.editor.document;
    this.editor.setProblems(answer.problems);
    this.set({ kind: "saved" });
  }

  /** End a conflict by saving ours over what the other person saved. */
  async keepMine(): Promise<void> {
    if (this.standing.kind !== "conflict") return;
    this.rev = this.standing.refusal.rev ?? this.rev;
    this.set({ kind: "unsaved" });
    await this.save();
  }

  private noted(): void {
    if (this.standing.kind === "conflict") return;
    if (this.isSaved) {
      window.clearTimeout(this.timer);
      if (this.saving === null) this.set({ kind: "saved" });
      return;
    }
    if (this.standing.kind !== "saving") this.set({ kind: "unsaved" });
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.save(), PAUSE);
  }

  private async store(): Promise<void> {
    const { document } = this.editor;
    this.set({ kind: "saving" });
    try {
      const answer = await this.server.save(document, this.rev);
      this.rev = answer.rev;
      this.stored = document;
      this.fingerprint = answer.fingerprint;
      this.retry = FIRST_RETRY;
      this.set({ kind: this.isSaved ? "saved" : "unsaved" });
      if (this.isSaved) this.editor.setProblems(answer.problems);
    } catch (error) {
      this.failed(error);
    }
  }

  private failed(error: unknown): void {
    if (error instanceof Refused && error.refusal.status === 409) {
      this.set({ kind: "conflict", refusal: error.refusal });
      return;
    }
    if (error instanceof Refused && error.refusal.problems.length > 0) {
      this.editor.setProblems(error.refusal.problems);
    }
    const why = error instanceof Refused ? error.refusal.detail || error.refusal.title : "";
    this.set({ kind: "failed", why });
    this.timer = window.setTimeout(() => void this.save(), this.retry);
    this.retry = Math.min(this.retry * 2, LONGEST_RETRY);
  }

  /** Whether the last changes can still be sent while the page goes away: only small requests can. */
  private canLeave(): boolean {
    if (this.standing.kind === "failed" || this.standing.kind === "conflict") return false;
    return JSON.stringify(this.editor.document).length < LARGEST_PARTING;
  }

  private leave(): void {
    if (this.isSaved || this.saving !== null || !this.canLeave()) return;
    void this.server.save(this.editor.document, this.rev, true).catch(() => {});
  }

  private set(standing: Standing): void {
    this.standing = standing;
    this.onChange();
  }
}
