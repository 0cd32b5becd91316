/** The sheet of keys: what every key does, and where a person gives commands other keys. */

import { type Command, type Commands, FIELD_WORDS, type Field } from "./commands";
import { showDialog } from "../dialogs";
import { button, h } from "../dom";
import { chordOf, isFree, shown } from "./keymap";

export function showKeys(commands: Commands): void {
  new KeySheet(commands);
}

class KeySheet {
  private readonly list = h("div", { class: "key-groups" });
  private readonly voice = h("p", { class: "key-voice", role: "status" });
  private readonly dialog: HTMLDialogElement;
  private waiting: Command | undefined;
  private readonly resetAll: HTMLButtonElement;

  constructor(private readonly commands: Commands) {
    const { say } = commands;
    this.resetAll = button(
      say("keysResetAll"),
      () => {
        commands.keymap.reset();
        this.tell(say("keysAllReset"));
        this.fill();
      },
      { text: true, class: "button" },
    );
    this.dialog = showDialog(
      say("keysTitle"),
      say,
      h("p", { class: "key-intro" }, say("keysIntro")),
      this.voice,
      this.list,
      h("footer", { class: "key-foot" }, this.resetAll),
    );
    this.dialog.classList.add("key-sheet");
    this.dialog.addEventListener("keydown", (event) => this.pressed(event), true);
    this.fill();
  }

  private fill(): void {
    const { commands } = this;
    this.resetAll.hidden = !commands.keymap.isChanged;
    const fields = Object.keys(FIELD_WORDS) as Field[];
    const groups = fields.map((field) => {
      const rows = commands.list.filter((command) => command.field === field).map((one) => this.row(one));
      if (field === "view") rows.push(this.wordRow());
      return h("section", {}, h("h3", {}, commands.say(FIELD_WORDS[field])), h("ul", {}, ...rows));
    });
    this.list.replaceChildren(...groups);
  }

  private row(command: Command): HTMLElement {
    const { say, keymap } = this.commands;
    const name = say(command.word);
    const keys = keymap.keysOf(command);
    if (command.isFixed === true) {
      const fixed = keys.map((key) => h("kbd", {}, shown(key)));
      return h("li", {}, h("span", {}, name), h("span", { class: "keys" }, ...fixed));
    }
    const isWaiting = this.waiting === command;
    const change = h(
      "button",
      {
        type: "button",
        class: `key-change${isWaiting ? " is-waiting" : ""}`,
        "data-command": command.id,
        title: say("keyChangeHint"),
        click: () => this.ask(command),
      },
      h("span", { class: "visually-hidden" }, `${name}: `),
      ...(isWaiting
        ? [say("keyPress")]
        : keys.length === 0
          ? [h("span", { class: "key-none" }, say("keyNone"))]
          : keys.map((key) => h("kbd", {}, shown(key)))),
    );
    const reset =
      keymap.isOwn(command.id) &&
      button(
        say("keyReset", { name }),
        () => {
          keymap.reset(command.id);
          this.fill();
          this.focus(command.id);
        },
        { icon: "undo" },
      );
    return h("li", {}, h("span", {}, name), h("span", { class: "keys" }, reset, change));
  }

  private wordRow(): HTMLElement {
    const { say } = this.commands;
    return h(
      "li",
      {},
      h("span", {}, say("keyPan")),
      h("span", { class: "keys is-words" }, say("keySpaceDrag")),
    );
  }

  private ask(command: Command): void {
    this.waiting = command;
    this.tell(this.commands.say("keyWaiting", { name: this.commands.say(command.word) }));
    this.fill();
    this.focus(command.id);
  }

  private pressed(event: KeyboardEvent): void {
    const command = this.waiting;
    if (command === undefined) return;
    if (event.key === "Tab" || event.key === "Escape") event.stopPropagation();
    const chord = chordOf(event);
    event.preventDefault();
    if (chord === "") return;
    this.waiting = undefined;
    const asked = chord === "Escape" ? this.tell("") : this.give(command, chord);
    this.fill();
    if (asked === undefined) this.focus(command.id);
    else asked.focus();
  }

  /** Give a command its new key; where another has it, ask first (and give the button that says yes). */
  private give(command: Command, chord: string): HTMLElement | undefined {
    const { commands } = this;
    const { say } = commands;
    const key = shown(chord);
    const name = say(command.word);
    if (!isFree(chord)) {
      return this.tell(say("keyTaken", { key }));
    }
    const before = commands.at(chord);
    if (before?.isFixed === true) return this.tell(say("keyTaken", { key }));
    if (before === undefined || before.id === command.id) {
      commands.bind(command.id, chord);
      return this.tell(say("keyGiven", { key, name }));
    }
    const take = button(
      say("keyTakeIt"),
      () => {
        commands.bind(command.id, chord);
        this.tell(say("keyGiven", { key, name }));
        this.fill();
        this.focus(command.id);
      },
      { text: true, class: "button" },
    );
    const leave = button(say("keyLeaveIt"), () => this.tell(""), { text: true, class: "button quiet" });
    this.voice.replaceChildren(say("keyConflict", { key, other: say(before.word) }), take, leave);
    return take;
  }

  private tell(text: string): undefined {
    this.voice.replaceChildren(text);
  }

  private focus(id: string): void {
    this.list.querySelector<HTMLElement>(`[data-command="${CSS.escape(id)}"]`)?.focus();
  }
}
