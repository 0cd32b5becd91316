/** What shapes the drawing and not the flow: lining up, tidying, pins, notes and groups. Each is one step to undo. */

import { ORIGIN, type Place, type Places, placeNodes } from "../document";
import type { Editor } from "../editor";
import {
  addNote,
  changeGroup,
  changeNote,
  foldedIn,
  type Group,
  groupOf,
  groupsOf,
  groupSteps,
  joinGroup,
  leaveGroups,
  moveNotes,
  NOTE_LEAST,
  NOTE_SIZE,
  pin,
  pinnedIn,
  shiftedBy,
  ungroup,
} from "../layout";
import { around, cardRect, GRID, snapped } from "../shape";
import { align, type Axis, type Body, type Corners, distribute, type Line } from "./arrange";

export class Shaping {
  constructor(private readonly editor: Editor) {}

  // --- moving what is selected ------------------------------------------------------------------------------------

  /** What is selected, as it is moved: cards, notes, and a collapsed group as one. */
  bodies(): readonly Body[] {
    const { editor } = this;
    const folded = foldedIn(editor.document);
    const cards = [...editor.selected]
      .filter((id) => !folded.has(id))
      .map((id) => ({ id: `node:${id}`, rect: editor.rectOf(id) }));
    const groups = new Set(
      [...editor.selected].map((id) => folded.get(id)).filter((one) => one !== undefined),
    );
    const folds = [...groups].map((group) => ({
      id: `group:${group.id}`,
      rect: cardRect(cornerOf(editor, group), outgoing(editor, group)),
    }));
    const notes = editor.notes
      .filter((note) => editor.selectedNotes.has(note.id))
      .map(({ id, x, y, width, height }) => ({ id: `note:${id}`, rect: { x, y, width, height } }));
    return [...cards, ...folds, ...notes];
  }

  align(line: Line): void {
    this.put(align(this.bodies(), line), this.editor.say("didAlign"));
  }

  distribute(axis: Axis): void {
    this.put(distribute(this.bodies(), axis), this.editor.say("didDistribute"));
  }

  nudge(dx: number, dy: number): void {
    const corners = this.bodies().map(({ id, rect }) => [id, shiftedBy(rect, dx * GRID, dy * GRID)] as const);
    this.put(new Map(corners), this.editor.say("didMove"), "nudge");
  }

  private put(corners: Corners, label: string, series?: string): void {
    const { editor } = this;
    const nodes: Record<string, Place> = {};
    const notes = new Map<string, Place>();
    for (const [id, place] of corners) {
      const own = id.slice(id.indexOf(":") + 1);
      if (id.startsWith("node:")) nodes[own] = place;
      else if (id.startsWith("note:")) notes.set(own, place);
      else Object.assign(nodes, groupMoved(editor, own, place));
    }
    this.move(nodes, notes, label, series);
  }

  /** Put cards and notes elsewhere, in one step. */
  move(
    nodes: Places,
    notes: ReadonlyMap<string, Place>,
    label = this.editor.say("didMove"),
    series?: string,
  ): void {
    const { editor } = this;
    const placed = Object.keys(nodes).length === 0 ? editor.document : placeNodes(editor.document, nodes);
    editor.change(moveNotes(placed, notes), label, series);
  }

  // --- pins ----------------------------------------------------------------------------------------------------

  get isPinned(): boolean {
    const pinned = pinnedIn(this.editor.document);
    const { selected } = this.editor;
    return selected.size > 0 && [...selected].every((id) => pinned.has(id));
  }

  /** Pin what is selected, or let it go when all of it is pinned. */
  togglePin(): void {
    const { editor } = this;
    const on = !this.isPinned;
    editor.change(pin(editor.document, editor.selected, on), editor.say(on ? "didPin" : "didUnpin"));
  }

  // --- notes ------------------------------------------------------------------------------------------------------

  /** Put a new note here and select it. */
  addNote(at: Place, text = ""): string {
    const { editor } = this;
    const { document, added } = addNote(editor.document, { text, ...snapped(at), ...NOTE_SIZE });
    editor.change(document, editor.say("didAddNote"));
    editor.select([], [added]);
    return added;
  }

  /** Everything typed in one go is one step. */
  writeNote(id: string, text: string): void {
    const { editor } = this;
    editor.change(changeNote(editor.document, id, { text }), editor.say("didWriteNote"), `note:${id}`);
  }

  resizeNote(id: string, width: number, height: number, series?: string): void {
    const { editor } = this;
    const size = {
      width: Math.round(Math.max(NOTE_LEAST.width, width)),
      height: Math.round(Math.max(NOTE_LEAST.height, height)),
    };
    editor.change(changeNote(editor.document, id, size), editor.say("didResizeNote"), series);
  }

  /** Make the selected notes wider or higher by keys. */
  growNotes(dx: number, dy: number): void {
    const { editor } = this;
    for (const note of editor.notes) {
      if (!editor.selectedNotes.has(note.id)) continue;
      this.resizeNote(note.id, note.width + dx * GRID, note.height + dy * GRID, "grow");
    }
  }

  // --- groups -----------------------------------------------------------------------------------------------------

  /** The groups that what is selected belongs to. */
  get groups(): readonly Group[] {
    const { editor } = this;
    return groupsOf(editor.document).filter((group) => group.nodes.some((id) => editor.selected.has(id)));
  }

  /** The group of which every step is selected, and nothing else. */
  get wholeGroup(): Group | undefined {
    const { selected, document } = this.editor;
    return groupsOf(document).find(
      (group) => group.nodes.length === selected.size && group.nodes.every((id) => selected.has(id)),
    );
  }

  /** Group what is selected: a group among it takes the rest in. */
  group(): string | undefined {
    const { editor } = this;
    if (editor.selected.size === 0) return undefined;
    const present = groupsOf(editor.document).find((group) =>
      group.nodes.every((id) => editor.selected.has(id)),
    );
    if (present !== undefined) {
      editor.change(joinGroup(editor.document, present.id, [...editor.selected]), editor.say("didGroup"));
      return present.id;
    }
    const number = groupsOf(editor.document).length + 1;
    const nodes = editor.document.nodes.map(({ id }) => id).filter((id) => editor.selected.has(id));
    const { document, added } = groupSteps(editor.document, nodes, editor.say("newGroup", { number }));
    editor.change(document, editor.say("didGroup"));
    return added;
  }

  /** Take what is selected out of its group. */
  leaveGroup(): void {
    const { editor } = this;
    editor.change(leaveGroups(editor.document, editor.selected), editor.say("didLeaveGroup"));
  }

  ungroup(): void {
    const { editor } = this;
    const gone = new Set(this.groups.map((group) => group.id));
    if (gone.size > 0) editor.change(ungroup(editor.document, gone), editor.say("didUngroup"));
  }

  /** Collapse or unfold a group. */
  fold(id: string): void {
    const { editor } = this;
    const group = groupsOf(editor.document).find((one) => one.id === id);
    if (group === undefined) return;
    const collapsed = !group.collapsed;
    const label = editor.say(collapsed ? "didCollapse" : "didExpand");
    editor.change(changeGroup(editor.document, id, { collapsed }), label);
  }

  nameGroup(id: string, name: string): void {
    const { editor } = this;
    if (name.trim() === "") return;
    editor.change(
      changeGroup(editor.document, id, { name: name.trim() }),
      editor.say("didRename", { step: name.trim() }),
    );
  }

  /** The group that a step is in. */
  groupOf(node: string): Group | undefined {
    return groupOf(this.editor.document, node);
  }
}

/** Where the card of a collapsed group stands: at the corner of all that is in it. */
export function cornerOf(editor: Editor, group: Group): Place {
  const { x, y } = around(group.nodes.map((id) => editor.rectOf(id)));
  return { x, y };
}

export function outgoing(editor: Editor, group: Group): number {
  const members = new Set(group.nodes);
  return editor.document.edges.filter((edge) => members.has(edge.from) && !members.has(edge.to)).length;
}

function groupMoved(editor: Editor, id: string, to: Place): Places {
  const group = groupsOf(editor.document).find((one) => one.id === id);
  if (group === undefined) return {};
  const from = group.collapsed ? cornerOf(editor, group) : ORIGIN;
  return Object.fromEntries(
    group.nodes.map((node) => [node, shiftedBy(editor.placeOf(node), to.x - from.x, to.y - from.y)]),
  );
}
