/** The command palette: everything that can be done, every step that can be added, and every place that one can go to. */

import { drawing as picture, h, icon } from "../dom";
import type { Editor } from "../editor";
import { inOrder } from "../outline";
import type { NodeKind } from "../palette-types";
import { type Choice, choose } from "./chooser";
import type { Commands } from "./commands";
import { shown } from "./keymap";
import { best } from "./fuzzy";

export interface Errands {
  goTo(node: string): void;
  goToNote(note: string): void;
  add(kind: NodeKind): void;
}

export function askForCommand(editor: Editor, commands: Commands, errands: Errands): void {
  const { say } = editor;
  // Told once, so that what depends on the selection is what it was when the palette was opened.
  const doable = commands.list.filter(
    (command) => commands.can(command.id) && command.isFixed !== true && command.id !== "commands",
  );
  const done = doable.map((command) => ({
    group: say("groupCommands"),
    label: say(command.word),
    keys: commands.keymap.keysOf(command).map(shown),
    run: () => void commands.run(command.id),
  }));
  const choices: readonly Choice[] = [...done, ...steps(editor, errands), ...places(editor, errands)];
  choose({
    title: say("commandPalette"),
    placeholder: say("commandPlaceholder"),
    none: say("commandNone"),
    offer: (typed) => grouped(best(typed, choices, (choice) => choice.label)),
  });
}

/** The best first; what belongs together stays together, in the order of the best of each group. */
function grouped(choices: readonly Choice[]): Choice[] {
  const groups = new Map<string, Choice[]>();
  for (const choice of choices) {
    const group = choice.group ?? "";
    groups.set(group, [...(groups.get(group) ?? []), choice]);
  }
  return [...groups.values()].flat();
}

function steps(editor: Editor, errands: Errands): Choice[] {
  if (editor.readOnly) return [];
  return editor.palette.kinds
    .filter((kind) => editor.mayAdd(kind))
    .map((kind) => ({
      group: editor.say("groupAdd"),
      label: editor.say("addKind", { kind: kind.label }),
      detail: kind.help,
      picture: h("span", { class: `card-icon group-${kind.group}` }, picture(kind.icon)),
      run: () => errands.add(kind),
    }));
}

function places(editor: Editor, errands: Errands): Choice[] {
  const group = editor.say("groupGo");
  const nodes = inOrder(editor).map((id) => {
    const kind = editor.kindOf(id);
    return {
      group,
      label: editor.say("goToStep", { step: editor.nameOf(id) }),
      detail: editor.summaryOf(id),
      picture: h("span", { class: `card-icon group-${kind?.group ?? "order"}` }, picture(kind?.icon ?? "")),
      run: () => errands.goTo(id),
    };
  });
  const notes = editor.notes.map((note) => ({
    group,
    label: editor.say("goToNote", { text: note.text.split("\n")[0] || editor.say("noteEmpty") }),
    picture: h("span", { class: "card-icon" }, icon("note")),
    run: () => errands.goToNote(note.id),
  }));
  return [...nodes, ...notes];
}
