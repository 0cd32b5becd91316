/** Presses of keys on the canvas, given to the commands that they stand for. */

import type { Editor } from "../editor";
import { isTyping } from "../gestures";
import type { Command, Commands } from "./commands";
import { chordOf } from "./keymap";

export class Keys {
  constructor(
    private readonly surface: HTMLElement,
    private readonly editor: Editor,
    private readonly commands: Commands,
    /** Break off a gesture or close a menu; false when there was nothing of the kind. */
    private readonly leave: () => boolean,
  ) {
    document.addEventListener("keydown", (event) => this.pressed(event));
    // The ring around the whole canvas is for those who came by keys.
    document.addEventListener("keydown", () => surface.classList.add("by-key"), true);
    document.addEventListener("pointerdown", () => surface.classList.remove("by-key"), true);
  }

  get isElsewhere(): boolean {
    return document.querySelector("dialog[open]") !== null || this.surface.offsetParent === null;
  }

  /** Whether the canvas itself is worked on: not a field, button or menu of the page around it. */
  private get isHere(): boolean {
    const active = document.activeElement;
    return active === null || active === document.body || active === this.surface;
  }

  private pressed(event: KeyboardEvent): void {
    if (event.isComposing || event.defaultPrevented || document.querySelector("dialog[open]") !== null)
      return;
    if (event.key === "Escape") {
      this.escape(event);
      return;
    }
    const chord = chordOf(event);
    const command = this.commands.at(chord);
    if (command === undefined || !this.counts(command, event) || this.commands.isNative(command, chord))
      return;
    const done = this.commands.run(command.id, chord);
    // With nothing to undo here, the browser would undo what was typed into some field before.
    if (done || command.everywhere === true) event.preventDefault();
  }

  /** Whether a command's keys count where the press came from. */
  private counts(command: Command, event: KeyboardEvent): boolean {
    const isTravel = command.id === "undo" || command.id === "redo";
    if (isTravel && isTextInput(event.target) && !isFormField(event.target)) return false;
    if (command.everywhere === true) return true;
    if (isTyping(event.target) || this.isElsewhere) return false;
    return event.ctrlKey || event.metaKey || this.isHere;
  }

  private escape(event: KeyboardEvent): void {
    if (this.isElsewhere && !isTyping(event.target)) return;
    if (this.leave()) {
      event.preventDefault();
      return;
    }
    if (this.isElsewhere) return;
    if (isTyping(event.target) || !this.isHere) this.surface.focus();
    else this.editor.select([]);
  }
}

function isTextInput(target: EventTarget | null): boolean {
  return isTyping(target) && !(target instanceof HTMLSelectElement);
}

/** A field whose every letter is a change of the document: our own undo knows it. */
function isFormField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest(".inspector, .note") !== null;
}
