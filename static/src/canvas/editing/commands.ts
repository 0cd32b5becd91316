/**
 * Everything that can be done on the canvas, each once: its name, its keys, when it can be done, and how. The keys, the
 * sheet of keys, the menus and the command palette are all made from this one list.
 */

import { type Keymap, shown, spoken } from "./keymap";
import type { Say, Word } from "../words";

export type Field = "edit" | "select" | "arrange" | "view" | "flow";

export interface Command {
  readonly id: string;
  readonly word: Word;
  readonly field: Field;
  /** The keys that we ship, the first of which is shown in menus. */
  readonly keys: readonly string[];
  readonly run: (chord: string) => void;
  /** Its keys are a family (the arrows) that stays together: nobody gives it others. */
  readonly isFixed?: boolean;
  /** Whether it can be done just now; always, when it does not say. */
  readonly when?: () => boolean;
  /** It changes the flow: not for those who may only look. */
  readonly changes?: boolean;
  /** Its keys count in fields and panels too, not only on the canvas itself. */
  readonly everywhere?: boolean;
  /** The browser does it by itself on these keys (copy and paste), and better than a page can. */
  readonly native?: boolean;
}

export const FIELD_WORDS: Readonly<Record<Field, Word>> = {
  edit: "fieldEdit",
  select: "fieldSelect",
  arrange: "fieldArrange",
  view: "fieldView",
  flow: "fieldFlow",
};

export class Commands {
  private readonly known = new Map<string, Command>();

  constructor(
    readonly keymap: Keymap,
    readonly say: Say,
    private readonly readOnly: boolean,
  ) {}

  add(...commands: readonly Command[]): void {
    for (const command of commands) {
      if (!this.readOnly || command.changes !== true) this.known.set(command.id, command);
    }
  }

  get list(): readonly Command[] {
    return [...this.known.values()];
  }

  get(id: string): Command | undefined {
    return this.known.get(id);
  }

  can(id: string): boolean {
    const command = this.known.get(id);
    return command !== undefined && (command.when?.() ?? true);
  }

  /** Do it, if it can be done now. */
  run(id: string, chord = ""): boolean {
    if (!this.can(id)) return false;
    this.known.get(id)?.run(chord);
    return true;
  }

  /** The command that a press of keys stands for. */
  at(chord: string): Command | undefined {
    return chord === "" ? undefined : this.list.find((one) => this.keymap.keysOf(one).includes(chord));
  }

  /** Whether these are keys of the browser's own clipboard, left as we ship them. */
  isNative(command: Command, chord: string): boolean {
    return command.native === true && command.keys.includes(chord);
  }

  nameOf(id: string): string {
    const command = this.known.get(id);
    return command === undefined ? id : this.say(command.word);
  }

  /** The first of a command's keys as it is shown beside its name; empty when it has none. */
  hint(id: string): string {
    const command = this.known.get(id);
    const [first] = command === undefined ? [] : this.keymap.keysOf(command);
    return first === undefined ? "" : shown(first);
  }

  /** Name and keys, for the title of a button. */
  titleOf(id: string): string {
    const hint = this.hint(id);
    return hint === "" ? this.nameOf(id) : `${this.nameOf(id)} (${hint})`;
  }

  spokenKeys(id: string): string | null {
    const command = this.known.get(id);
    const keys = command === undefined ? [] : this.keymap.keysOf(command);
    return keys.length === 0 ? null : keys.map(spoken).join(" ");
  }

  /** Give a command this key, and take it from whichever had it. */
  bind(id: string, chord: string): void {
    const before = this.at(chord);
    if (before !== undefined && before.id !== id) {
      this.keymap.set(
        before.id,
        this.keymap.keysOf(before).filter((key) => key !== chord),
      );
    }
    this.keymap.set(id, [chord]);
  }
}
