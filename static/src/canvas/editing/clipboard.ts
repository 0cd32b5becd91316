/** Copy, cut and paste, within a flow, between flows and through the system's clipboard, as JSON. */

import { cornerOf, excerptOf, readExcerpt } from "../excerpt";
import type { Drawing } from "../drawing";
import type { Editor } from "../editor";
import { isTyping } from "../gestures";
import { GRID } from "../shape";

export interface Listeners {
  /** Whether the canvas is not what is worked on just now. */
  isElsewhere(): boolean;
  announce(text: string): void;
  /** A word that everybody sees: why something could not be pasted. */
  refuse(text: string): void;
}

export class Clipboard {
  private copied = "";
  private pastes = 0;

  constructor(
    private readonly surface: HTMLElement,
    private readonly editor: Editor,
    private readonly drawing: Drawing,
    private readonly listeners: Listeners,
  ) {
    document.addEventListener("copy", (event) => this.copying(event, false));
    document.addEventListener("cut", (event) => this.copying(event, true));
    document.addEventListener("paste", (event) => this.pasting(event));
  }

  /** Copy by a menu or a key of one's own: the browser's own copy event follows. */
  copy(): void {
    document.execCommand("copy");
  }

  cut(): void {
    document.execCommand("cut");
  }

  /** Paste by a menu: the browser asks the person first; where it does not let us read, what was copied here. */
  async paste(): Promise<void> {
    this.pasteText((await this.systemText()) || this.copied);
  }

  private async systemText(): Promise<string> {
    try {
      return await navigator.clipboard.readText();
    } catch {
      return "";
    }
  }

  private copying(event: ClipboardEvent, cut: boolean): void {
    const { editor, listeners } = this;
    if (isTyping(event.target) || listeners.isElsewhere() || hasTextSelection()) return;
    const excerpt = excerptOf(editor.document, editor.selected, editor.selectedNotes);
    const count = excerpt.nodes.length + (excerpt.notes?.length ?? 0);
    if (count === 0) return;
    this.copied = JSON.stringify(excerpt);
    this.pastes = cut ? 0 : 1;
    event.clipboardData?.setData("text/plain", this.copied);
    event.preventDefault();
    if (cut) editor.remove();
    listeners.announce(editor.say("saidCopied", { count }));
  }

  private pasting(event: ClipboardEvent): void {
    if (isTyping(event.target) || this.listeners.isElsewhere() || this.editor.readOnly) return;
    event.preventDefault();
    this.pasteText(event.clipboardData?.getData("text/plain") || this.copied);
  }

  private pasteText(text: string): void {
    const { editor, drawing, listeners } = this;
    const { say } = editor;
    const read = readExcerpt(text);
    if ("refused" in read) {
      listeners.refuse(say(read.refused, read.values));
      return;
    }
    const corner = cornerOf(read.excerpt);
    const shift = GRID * 5 * this.pastes;
    this.pastes += 1;
    const beside = { x: corner.x + shift, y: corner.y + shift };
    const { nodes, notes, left } = editor.paste(
      read.excerpt,
      this.isInView(beside) ? beside : drawing.centre(),
    );
    const [first] = editor.selected;
    if (first !== undefined) drawing.reveal(first);
    listeners.announce(say("saidPasted", { count: nodes + notes }));
    if (left > 0) listeners.refuse(say("pasteLeftStart"));
  }

  private isInView(place: { readonly x: number; readonly y: number }): boolean {
    const at = this.drawing.toContainer(place);
    const { clientWidth, clientHeight } = this.surface;
    return at.x > 0 && at.y > 0 && at.x < clientWidth && at.y < clientHeight;
  }
}

function hasTextSelection(): boolean {
  const selection = window.getSelection();
  return selection !== null && !selection.isCollapsed && selection.toString() !== "";
}
