/** What lies behind the cards: notes, and the frames of groups. */

import type { Place } from "../document";
import { h, icon } from "../dom";
import type { Editor } from "../editor";
import { type Group, groupsOf, LONGEST_NOTE, type Note } from "../layout";
import { frameAround, type Rect } from "../shape";

export class Backdrop {
  readonly element = h("div", { class: "backdrop" });
  /** What was typed into a note. */
  onWrite: (id: string, text: string) => void = () => {};
  /** A note is no longer edited. */
  onWritten: () => void = () => {};
  private readonly frames = new Map<string, HTMLElement>();
  private readonly papers = new Map<string, HTMLElement>();
  private found: ReadonlySet<string> = new Set();
  private writing: string | null = null;

  constructor(
    private readonly editor: Editor,
    private readonly cardRect: (node: string) => Rect | undefined,
  ) {}

  follow(): void {
    const groups = groupsOf(this.editor.document).filter((group) => !group.collapsed);
    const { notes } = this.editor;
    kept(
      this.frames,
      groups.map((group) => group.id),
    );
    kept(
      this.papers,
      notes.map((note) => note.id),
    );
    for (const group of groups) this.followFrame(group);
    for (const note of notes) this.followNote(note);
    this.layFrames();
  }

  /** Lay the frames around their cards, wherever these are drawn just now. */
  layFrames(): void {
    for (const group of groupsOf(this.editor.document)) {
      const frame = this.frames.get(group.id);
      if (frame === undefined) continue;
      const cards = group.nodes.map((id) => this.cardRect(id)).filter((rect) => rect !== undefined);
      lay(frame, frameAround(cards));
    }
  }

  /** Show notes elsewhere for the time of a drag. */
  preview(places: ReadonlyMap<string, Place>): void {
    for (const [id, place] of places) {
      const paper = this.papers.get(id);
      if (paper === undefined) continue;
      paper.style.left = `${place.x}px`;
      paper.style.top = `${place.y}px`;
    }
  }

  previewSize(id: string, width: number, height: number): void {
    const paper = this.papers.get(id);
    if (paper === undefined) return;
    paper.style.width = `${width}px`;
    paper.style.height = `${height}px`;
  }

  markFound(notes: ReadonlySet<string>): void {
    this.found = notes;
    this.follow();
  }

  /** Put the cursor into a note. */
  write(id: string): void {
    if (this.editor.readOnly || this.writing === id) return;
    this.writing = id;
    this.follow();
    const field = this.papers.get(id)?.querySelector("textarea");
    field?.focus({ preventScroll: true });
    field?.setSelectionRange(field.value.length, field.value.length);
  }

  // --- frames -----------------------------------------------------------------------------------------------------

  private followFrame(group: Group): void {
    const { say } = this.editor;
    let frame = this.frames.get(group.id);
    if (frame === undefined) {
      const label = say("collapseGroup", { name: group.name });
      const fold = h(
        "button",
        { type: "button", class: "group-fold", title: label, "aria-label": label, tabindex: "-1" },
        icon("fold"),
      );
      const name = h("strong", { class: "group-name" });
      const count = h("span", { class: "group-count" });
      const head = h("div", { class: "group-head" }, icon("group"), name, count, fold);
      frame = h("div", { class: "group-frame", "data-group": group.id, role: "group" }, head);
      this.frames.set(group.id, frame);
      this.element.prepend(frame);
    }
    const { selected } = this.editor;
    frame.classList.toggle(
      "is-selected",
      group.nodes.every((id) => selected.has(id)),
    );
    frame.setAttribute("aria-label", say("groupLabel", { name: group.name, count: group.nodes.length }));
    told(frame, ".group-name", group.name);
    told(frame, ".group-count", String(group.nodes.length));
  }

  // --- notes ------------------------------------------------------------------------------------------------------

  private followNote(note: Note): void {
    const { editor } = this;
    let paper = this.papers.get(note.id);
    if (paper === undefined) {
      paper = h(
        "div",
        { class: "note", "data-note": note.id, role: "note" },
        h("div", { class: "note-text" }),
      );
      if (!editor.readOnly) paper.append(h("span", { class: "note-grip", title: editor.say("resizeNote") }));
      this.papers.set(note.id, paper);
      this.element.append(paper);
    }
    lay(paper, note);
    paper.classList.toggle("is-selected", editor.selectedNotes.has(note.id));
    paper.classList.toggle("is-found", this.found.has(note.id));
    const field = paper.querySelector("textarea");
    if (this.writing === note.id && field === null) paper.append(this.field(note));
    else if (field !== null && field !== document.activeElement) field.value = note.text;
    paper.classList.toggle("is-empty", note.text === "");
    told(paper, ".note-text", note.text || editor.say("noteEmpty"));
    paper.setAttribute("aria-label", editor.say("noteLabel", { text: note.text || editor.say("noteEmpty") }));
  }

  private field(note: Note): HTMLTextAreaElement {
    const field = h("textarea", {
      maxlength: LONGEST_NOTE,
      "aria-label": this.editor.say("noteText"),
      placeholder: this.editor.say("noteEmpty"),
      value: note.text,
      input: () => this.onWrite(note.id, field.value),
      blur: () => this.rest(field),
      keydown: (event: KeyboardEvent) => {
        const isDone = event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey));
        if (event.isComposing || !isDone) return;
        event.preventDefault();
        event.stopPropagation();
        field.blur();
        this.onWritten();
      },
    });
    return field;
  }

  private rest(field: HTMLTextAreaElement): void {
    this.writing = null;
    field.remove();
  }
}

function kept(elements: Map<string, HTMLElement>, present: readonly string[]): void {
  const known = new Set(present);
  for (const [id, element] of elements) {
    if (known.has(id)) continue;
    element.remove();
    elements.delete(id);
  }
}

function told(parent: HTMLElement, selector: string, text: string): void {
  const element = parent.querySelector(selector);
  if (element !== null && element.textContent !== text) element.textContent = text;
}

function lay(element: HTMLElement, rect: Rect): void {
  element.style.left = `${rect.x}px`;
  element.style.top = `${rect.y}px`;
  element.style.width = `${rect.width}px`;
  element.style.height = `${rect.height}px`;
}
