/** Every command of editing: what it is called, its keys, and what it does. */

import type { Editor } from "../editor";
import type { Command } from "./commands";
import type { Workbench } from "./workbench";
import type { Way } from "./walking";

export function catalogue(bench: Workbench): readonly Command[] {
  return [
    ...editCommands(bench),
    ...stepCommands(bench),
    ...selectCommands(bench),
    ...arrangeCommands(bench),
    ...viewCommands(bench),
    ...flowCommands(bench),
  ];
}

const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"] as const;
const STEPS: Readonly<Record<Way, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function arrowOf(chord: string): Way {
  return ARROWS.find((arrow) => chord.endsWith(arrow)) ?? "ArrowRight";
}

function chosen(editor: Editor): number {
  return editor.selected.size + editor.selectedNotes.size;
}

function editCommands(bench: Workbench): Command[] {
  const { editor, clipboard, page, shaping } = bench;
  const some = (): boolean => chosen(editor) > 0;
  const remove = (reconnect: boolean): void => {
    const count = editor.remove(reconnect);
    if (count > 0) page.announce(editor.say("saidDeleted", { count }));
  };
  const common = { field: "edit", changes: true } as const;
  return [
    {
      ...common,
      id: "undo",
      word: "undo",
      keys: ["Ctrl+Z"],
      everywhere: true,
      when: () => editor.undoLabel !== undefined,
      run: () => editor.undo(),
    },
    {
      ...common,
      id: "redo",
      word: "redo",
      keys: ["Ctrl+Shift+Z", "Ctrl+Y"],
      everywhere: true,
      when: () => editor.redoLabel !== undefined,
      run: () => editor.redo(),
    },
    {
      field: "edit",
      id: "copy",
      word: "doCopy",
      keys: ["Ctrl+C"],
      native: true,
      when: some,
      run: () => clipboard.copy(),
    },
    {
      ...common,
      id: "cut",
      word: "doCut",
      keys: ["Ctrl+X"],
      native: true,
      when: some,
      run: () => clipboard.cut(),
    },
    {
      ...common,
      id: "paste",
      word: "didPaste",
      keys: ["Ctrl+V"],
      native: true,
      run: () => void clipboard.paste(),
    },
    {
      ...common,
      id: "duplicate",
      word: "duplicateStep",
      keys: ["Ctrl+D"],
      when: some,
      run: () => {
        editor.duplicate();
        bench.revealSelected();
      },
    },
    {
      ...common,
      id: "delete",
      word: "keyDelete",
      keys: ["Delete", "Backspace"],
      when: () => some() || editor.selectedEdge !== null,
      run: () => remove(false),
    },
    {
      ...common,
      id: "delete-reconnect",
      word: "keyDeleteReconnect",
      keys: ["Ctrl+Delete", "Ctrl+Backspace"],
      when: () => editor.selected.size > 0,
      run: () => remove(true),
    },
    {
      ...common,
      id: "note",
      word: "addNote",
      keys: ["N"],
      run: () => bench.addNote(),
    },
    {
      ...common,
      id: "write",
      word: "writeNote",
      keys: [],
      when: () => editor.selectedNotes.size === 1,
      run: () => bench.writeNote(),
    },
    {
      ...common,
      id: "resize-note",
      word: "resizeNote",
      keys: ARROWS.map((arrow) => `Alt+Shift+${arrow}`),
      isFixed: true,
      when: () => editor.selectedNotes.size > 0,
      run: (chord) => shaping.growNotes(...STEPS[arrowOf(chord)]),
    },
  ];
}

function stepCommands(bench: Workbench): Command[] {
  const { editor, surface } = bench;
  const single = (): boolean => editor.single !== undefined;
  const hasWays = (): boolean => editor.single !== undefined && editor.ports(editor.single).length > 0;
  const leadsOn = (): boolean => editor.document.edges.some((edge) => edge.from === editor.single);
  const common = { field: "edit", changes: true } as const;
  return [
    { ...common, id: "add", word: "addStep", keys: ["A"], run: () => bench.addStep() },
    {
      ...common,
      id: "add-next",
      word: "keyAdd",
      keys: ["Tab"],
      // Elsewhere the key goes on to the next field, as everywhere.
      when: () =>
        hasWays() && (document.activeElement === surface || document.activeElement === document.body),
      run: () => bench.addNext(),
    },
    { ...common, id: "connect", word: "connectStep", keys: ["C"], when: hasWays, run: () => bench.connect() },
    {
      ...common,
      id: "insert",
      word: "insertStep",
      keys: ["I"],
      when: () => editor.selectedEdge !== null || leadsOn(),
      run: () => bench.insert(),
    },
    {
      ...common,
      id: "rename",
      word: "keyRename",
      keys: ["F2"],
      when: () => bench.canRename,
      run: () => bench.rename(),
    },
    {
      field: "edit",
      id: "settings",
      word: "keyOpen",
      keys: ["Enter"],
      when: () => single() || editor.selectedNotes.size === 1,
      run: () => bench.openSettings(),
    },
    {
      field: "edit",
      id: "open-sub-flow",
      word: "openSubFlow",
      keys: ["O"],
      when: () => bench.subFlow !== null,
      run: () => bench.openSubFlow(),
    },
  ];
}

function selectCommands(bench: Workbench): Command[] {
  const { editor, page } = bench;
  const some = (): boolean => editor.selected.size > 0;
  return [
    {
      field: "select",
      id: "walk",
      word: "keyWalk",
      keys: ARROWS,
      isFixed: true,
      run: (chord) => bench.walk(arrowOf(chord), false),
    },
    {
      field: "select",
      id: "walk-on",
      word: "keyWalkOn",
      keys: ARROWS.map((arrow) => `Ctrl+${arrow}`),
      isFixed: true,
      run: (chord) => bench.walk(arrowOf(chord), true),
    },
    {
      field: "select",
      id: "select-all",
      word: "keySelectAll",
      keys: ["Ctrl+A"],
      run: () =>
        editor.select(
          editor.document.nodes.map((node) => node.id),
          editor.notes.map((note) => note.id),
        ),
    },
    {
      field: "select",
      id: "select-onwards",
      word: "selectOnwards",
      keys: ["Shift+ArrowRight"],
      when: some,
      run: () => bench.selectReached(true),
    },
    {
      field: "select",
      id: "select-before",
      word: "selectBefore",
      keys: ["Shift+ArrowLeft"],
      when: some,
      run: () => bench.selectReached(false),
    },
    {
      field: "select",
      id: "lasso",
      word: "lasso",
      keys: ["S"],
      when: () => !page.isList,
      run: () => bench.toggleLasso(),
    },
  ];
}

function arrangeCommands({ editor, shaping, drawing }: Workbench): Command[] {
  const some = (): boolean => chosen(editor) > 0;
  const several = (): boolean => shaping.bodies().length > 1;
  const many = (): boolean => shaping.bodies().length > 2;
  const steps = (): boolean => editor.selected.size > 1;
  const common = { field: "arrange", changes: true } as const;
  const all = (direction: "right" | "down") => (): void => {
    editor.tidy({ direction });
    drawing.fit();
  };
  const part = (direction: "right" | "down") => (): void => editor.tidy({ direction, only: editor.selected });
  return [
    {
      ...common,
      id: "move",
      word: "keyMove",
      keys: ARROWS.map((arrow) => `Alt+${arrow}`),
      isFixed: true,
      when: some,
      run: (chord) => shaping.nudge(...STEPS[arrowOf(chord)]),
    },
    { ...common, id: "tidy", word: "tidyAcross", keys: ["T"], run: all("right") },
    { ...common, id: "tidy-down", word: "tidyDown", keys: ["Shift+T"], run: all("down") },
    { ...common, id: "tidy-selected", word: "tidySelected", keys: [], when: steps, run: part("right") },
    {
      ...common,
      id: "tidy-selected-down",
      word: "tidySelectedDown",
      keys: [],
      when: steps,
      run: part("down"),
    },
    {
      ...common,
      id: "pin",
      word: "togglePin",
      keys: ["P"],
      when: () => editor.selected.size > 0,
      run: () => shaping.togglePin(),
    },
    {
      ...common,
      id: "align-left",
      word: "alignLeft",
      keys: ["Alt+Shift+L"],
      when: several,
      run: () => shaping.align("left"),
    },
    {
      ...common,
      id: "align-centre",
      word: "alignCentre",
      keys: ["Alt+Shift+C"],
      when: several,
      run: () => shaping.align("centre"),
    },
    {
      ...common,
      id: "align-right",
      word: "alignRight",
      keys: ["Alt+Shift+R"],
      when: several,
      run: () => shaping.align("right"),
    },
    {
      ...common,
      id: "align-top",
      word: "alignTop",
      keys: ["Alt+Shift+T"],
      when: several,
      run: () => shaping.align("top"),
    },
    {
      ...common,
      id: "align-middle",
      word: "alignMiddle",
      keys: ["Alt+Shift+M"],
      when: several,
      run: () => shaping.align("middle"),
    },
    {
      ...common,
      id: "align-bottom",
      word: "alignBottom",
      keys: ["Alt+Shift+B"],
      when: several,
      run: () => shaping.align("bottom"),
    },
    {
      ...common,
      id: "distribute-across",
      word: "spaceAcross",
      keys: ["Alt+Shift+H"],
      when: many,
      run: () => shaping.distribute("across"),
    },
    {
      ...common,
      id: "distribute-down",
      word: "spaceDown",
      keys: ["Alt+Shift+V"],
      when: many,
      run: () => shaping.distribute("down"),
    },
    {
      ...common,
      id: "group",
      word: "doGroup",
      keys: ["Ctrl+G"],
      when: () => editor.selected.size > 0 && shaping.wholeGroup === undefined,
      run: () => shaping.group(),
    },
    {
      ...common,
      id: "ungroup",
      word: "doUngroup",
      keys: ["Ctrl+Shift+G"],
      when: () => shaping.groups.length > 0,
      run: () => shaping.ungroup(),
    },
    {
      ...common,
      id: "leave-group",
      word: "leaveGroup",
      keys: [],
      when: () => shaping.groups.length > 0 && shaping.wholeGroup === undefined,
      run: () => shaping.leaveGroup(),
    },
    {
      ...common,
      id: "fold",
      word: "toggleFold",
      keys: ["F"],
      when: () => shaping.groups.length > 0,
      run: () => {
        for (const group of shaping.groups) shaping.fold(group.id);
      },
    },
  ];
}

function viewCommands(bench: Workbench): Command[] {
  const { drawing, page } = bench;
  const drawn = (): boolean => !page.isList;
  const view = { field: "view", when: drawn } as const;
  return [
    {
      field: "view",
      id: "commands",
      word: "commandPalette",
      keys: ["Ctrl+K"],
      everywhere: true,
      run: () => bench.askForCommand(),
    },
    {
      field: "view",
      id: "find",
      word: "findTitle",
      keys: ["Ctrl+F"],
      everywhere: true,
      run: () => bench.find(),
    },
    { ...view, id: "steps", word: "searchSteps", keys: ["/"], changes: true, run: () => page.searchSteps() },
    { ...view, id: "fit", word: "fit", keys: ["1"], run: () => drawing.fit() },
    { ...view, id: "zoom-reset", word: "zoomReset", keys: ["0"], run: () => drawing.zoomTo(1) },
    { ...view, id: "zoom-in", word: "zoomIn", keys: ["+", "="], run: () => drawing.zoomBy(1.2) },
    { ...view, id: "zoom-out", word: "zoomOut", keys: ["-"], run: () => drawing.zoomBy(1 / 1.2) },
    { field: "view", id: "list", word: "toggleList", keys: ["L"], run: () => page.toggleList() },
    {
      ...view,
      id: "menu",
      word: "openMenu",
      keys: ["ContextMenu", "Shift+F10"],
      run: () => bench.openMenu(),
    },
    { field: "view", id: "keys", word: "keySheet", keys: ["?"], run: () => bench.showKeys() },
  ];
}

function flowCommands(bench: Workbench): Command[] {
  const { editor, page } = bench;
  return [
    { field: "flow", id: "problems", word: "showProblems", keys: ["E"], run: () => page.toggleProblems() },
    {
      field: "flow",
      id: "next-problem",
      word: "nextProblem",
      keys: ["F8"],
      everywhere: true,
      when: () => editor.problems.length > 0,
      run: () => bench.nextProblem(),
    },
    { field: "flow", id: "flow-settings", word: "flowSettingsOpen", keys: [], run: () => page.showFlow() },
    {
      field: "flow",
      id: "save",
      word: "saveNow",
      keys: ["Ctrl+S"],
      changes: true,
      everywhere: true,
      run: () => page.save(),
    },
    {
      field: "flow",
      id: "publish",
      word: "publish",
      keys: [],
      changes: true,
      when: () => page.mayPublish,
      run: () => page.publish(),
    },
  ];
}
