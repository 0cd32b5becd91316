/**
 * The asker's draft: every change goes into the log on the server within a second and stands in the browser's own store
 * until the server has it. Other pages of the same person and other people are heard of every few seconds.
 */

import { browserStore } from "./browser-store";
import { changed } from "./changes";
import type { FlowDocument, Json } from "./document";
import type { Edit, Editor } from "./editor";
import { freshId, Log, oneLoad } from "./log";
import {
  type DraftAnswer,
  type Live,
  type MergeAnswer,
  type PublishedAnswer,
  Refused,
  type Server,
  type Somebody,
  type Trunk,
} from "./server";
import { Shelf } from "./shelf";

export type Standing =
  | { readonly kind: "saved" | "unsaved" | "saving" }
  /** Not saved. A stranger has to sign in again; the page then takes up what it could not save. */
  | { readonly kind: "failed"; readonly why: string; readonly isStranger: boolean };

const PAUSE = 500;
const FIRST_RETRY = 1_000;
const LONGEST_RETRY = 15_000;
const LOOK_AROUND = 5_000;

/** The last changes are not stored, so that what is drawn cannot be published. */
export class NotSaved extends Error {}

export class Draft {
  standing: Standing = { kind: "saved" };
  published: Live | null;
  /** Of the draft as it was last saved: equal to the published one when nothing has changed in meaning. */
  fingerprint: string | null;
  others: readonly Somebody[];
  onChange: () => void = () => {};
  private readonly page = freshId();
  private readonly log: Log;
  private readonly shelf: Shelf;
  private rev: number;
  private baseRev: number;
  private trunk: Trunk;
  private differs: boolean;
  private timer: number | undefined;
  private saving: Promise<void> | null = null;
  private sent = 0;
  private retry = FIRST_RETRY;

  constructor(
    private readonly editor: Editor,
    private readonly server: Server,
    answer: DraftAnswer,
    shelf: string,
  ) {
    this.shelf = new Shelf(browserStore("localStorage"), shelf, this.page);
    this.rev = answer.rev;
    this.baseRev = answer.base_rev;
    this.trunk = answer.trunk;
    this.differs = answer.differs;
    this.others = answer.others;
    this.published = answer.published;
    this.fingerprint = answer.fingerprint;
    const known = new Set(answer.log.map((line) => line.id));
    const left = editor.readOnly ? [] : this.shelf.takeOver().filter((line) => !known.has(line.id));
    this.log = new Log(answer.document, answer.log, left);
    editor.follow(this.log.history(editor.placed));
    editor.onEdit = (edit) => this.noted(edit);
    this.listen();
    if (left.length > 0) void this.save();
  }

  get isSaved(): boolean {
    return this.log.pending.length === 0;
  }

  /** Whether the draft is another document than the flow's own. */
  get hasChanges(): boolean {
    return this.differs || !this.isSaved;
  }

  /** The flow's own document, where somebody has published or imported it since this draft began. */
  get overtaken(): Trunk | undefined {
    return this.differs && this.trunk.rev !== this.baseRev ? this.trunk : undefined;
  }

  /** Save now. Resolves when all changes are stored, or when that failed. */
  async save(): Promise<void> {
    window.clearTimeout(this.timer);
    while (!this.isSaved) {
      this.saving ??= this.store().finally(() => {
        this.saving = null;
      });
      await this.saving;
      if (this.standing.kind === "failed") return;
    }
  }

  /** Publish what is drawn. Throws `Refused`, or `NotSaved` when the last changes could not be stored first. */
  async publish(note: string, takeOver: boolean): Promise<PublishedAnswer> {
    await this.save();
    if (!this.isSaved) throw new NotSaved();
    const answer = await this.server.publish(note, this.rev, takeOver);
    this.published = { version: answer.version, fingerprint: answer.fingerprint };
    this.fingerprint = answer.fingerprint;
    this.differs = false;
    this.editor.setProblems(answer.problems);
    await this.lookAround();
    this.onChange();
    return answer;
  }

  /** Who has worked on what would be published now. */
  async authors(): Promise<readonly string[]> {
    await this.save();
    return (await this.server.draft()).authors;
  }

  // --- what others drew -------------------------------------------------------------------------------------------

  /** What somebody's changes (without a name: the flow's own) would bring, and what contradicts ours. */
  async offer(of?: string): Promise<MergeAnswer> {
    await this.save();
    return this.server.merge(of);
  }

  /** Bring in what was offered; `theirs` are the contradicting cells in which the other one is followed. */
  take(offer: MergeAnswer, theirs: ReadonlySet<string>, edit: Omit<Edit, "kind">): void {
    const chosen = offer.conflicts.filter((one) => theirs.has(one.cell));
    const cells: { [cell: string]: Json } = { ...offer.change };
    for (const one of chosen) cells[one.cell] = one.theirs;
    this.apply(changed(this.editor.document, cells), edit);
  }

  /** Draw this document in place of ours, as one change that can be undone. */
  apply(document: FlowDocument, edit: Omit<Edit, "kind">): void {
    this.editor.apply(this.editor.placed(document), { ...edit, kind: "do" });
  }

  // --- keeping ----------------------------------------------------------------------------------------------------

  private noted(edit: Edit): void {
    this.log.note(this.editor.document, edit, this.sent);
    this.shelf.write(this.log.pending);
    if (this.isSaved) return;
    if (this.standing.kind === "failed" && this.timer !== undefined) return;
    if (this.standing.kind !== "saving") this.set({ kind: "unsaved" });
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.save(), PAUSE);
  }

  private async store(): Promise<void> {
    const lines = oneLoad(this.log.pending);
    this.sent = lines.length;
    this.set({ kind: "saving" });
    try {
      const answer = await this.server.change(this.page, this.rev, this.baseRev, lines);
      this.rev = answer.rev;
      this.baseRev = answer.base_rev;
      this.differs = true;
      this.fingerprint = answer.fingerprint;
      this.retry = FIRST_RETRY;
      this.log.confirm(lines.length);
      this.shelf.write(this.log.pending);
      this.set({ kind: this.isSaved ? "saved" : "unsaved" });
      if (this.isSaved) this.editor.setProblems(answer.problems);
    } catch (error) {
      await this.failed(error);
    } finally {
      this.sent = 0;
    }
  }

  private async failed(error: unknown): Promise<void> {
    if (error instanceof Refused && error.refusal.status === 409 && (await this.catchUp(error))) return;
    if (error instanceof Refused && error.refusal.problems.length > 0) {
      this.editor.setProblems(error.refusal.problems);
    }
    const why = error instanceof Refused ? error.refusal.detail || error.refusal.title : "";
    // 400 is what a form of another session gets.
    const isStranger = error instanceof Refused && [400, 401].includes(error.refusal.status);
    this.set({ kind: "failed", why, isStranger });
    this.timer = window.setTimeout(() => {
      this.timer = undefined;
      void this.save();
    }, this.retry);
    this.retry = Math.min(this.retry * 2, LONGEST_RETRY);
  }

  /** The server knows more than this page: take it in and try again. False: it cannot be found out now. */
  private async catchUp(error: Refused): Promise<boolean> {
    const { changes, reason } = error.refusal;
    if (reason === "behind" && changes !== undefined && changes.length > 0) {
      this.rev = changes.at(-1)?.number ?? this.rev;
      this.log.takeIn(changes);
      this.redraw();
      return true;
    }
    try {
      await this.reopen();
      return true;
    } catch {
      return false;
    }
  }

  /** Nothing of ours was stored yet and the flow's own document is another one now: begin from that. */
  private async reopen(): Promise<void> {
    const answer = await this.server.draft();
    this.rev = answer.rev;
    this.baseRev = answer.base_rev;
    this.trunk = answer.trunk;
    this.differs = answer.differs;
    this.log.restart(answer.document, answer.log);
    this.log.standAlone();
    this.redraw();
  }

  private redraw(): void {
    this.shelf.write(this.log.pending);
    this.editor.follow(this.log.history(this.editor.placed));
    this.set({ kind: this.isSaved ? "saved" : "unsaved" });
  }

  // --- hearing of others ------------------------------------------------------------------------------------------

  private listen(): void {
    window.addEventListener("online", () => void this.save());
    window.addEventListener("pagehide", () => this.leave());
    window.addEventListener("beforeunload", (event) => {
      if (!this.isSaved && !this.shelf.holds) event.preventDefault();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") void this.save();
      else void this.lookAround();
    });
    window.setInterval(() => {
      if (document.visibilityState === "visible") void this.lookAround();
    }, LOOK_AROUND);
    void this.lookAround();
  }

  /** Say that we are here, and hear what has happened meanwhile. What cannot be asked now is asked again soon. */
  private async lookAround(): Promise<void> {
    if (this.saving !== null) return;
    const rev = this.rev;
    try {
      const answer = await this.server.lookAround(this.page, this.editor.single ?? null, rev);
      this.others = answer.others;
      this.trunk = answer.trunk;
      if (!this.editor.readOnly && this.saving === null && this.rev === rev && answer.changes.length > 0) {
        this.rev = answer.rev;
        this.log.takeIn(answer.changes);
        this.redraw();
      }
      this.onChange();
    } catch (error) {
      if (!(error instanceof Refused) && !(error instanceof TypeError)) throw error;
    }
  }

  private leave(): void {
    if (this.isSaved || this.saving !== null) return;
    const lines = oneLoad(this.log.pending);
    void this.server.change(this.page, this.rev, this.baseRev, lines, true).catch(() => {});
  }

  private set(standing: Standing): void {
    this.standing = standing;
    this.onChange();
  }
}
