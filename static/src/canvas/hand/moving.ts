/** Moving cards, notes and groups, and making notes larger. */

import type { FlowEdge, Place, Places } from "../document";
import type { Editor } from "../editor";
import { NOTE_LEAST, shiftedBy } from "../layout";
import { around, CARD_WIDTH, HEAD_HEIGHT, snapped } from "../shape";
import { snap } from "../snap";
import { type Gesture, type Hand, isDrag, pointOf, RESTING } from "./gesture";

const SNAP_REACH = 6;
const EDGE_REACH = 28;

/** What is dragged: steps and notes; `node` when it is the card of one step. */
export interface Grabbed {
  readonly nodes: readonly string[];
  readonly notes: readonly string[];
  readonly node?: string;
}

export function moving(hand: Hand, start: PointerEvent, grabbed: Grabbed): Gesture {
  const { editor, drawing } = hand;
  const additive = start.shiftKey || start.ctrlKey || start.metaKey;
  const wasSelected = isSelected(editor, grabbed);
  if (!wasSelected && additive)
    editor.select([...editor.selected, ...grabbed.nodes], [...editor.selectedNotes, ...grabbed.notes]);
  else if (!wasSelected) editor.select(grabbed.nodes, grabbed.notes);
  const origin = drawing.toLocal(pointOf(start));
  const ids = editor.selected;
  const from = new Map([...ids].map((id) => [id, editor.placeOf(id)]));
  const notes = editor.notes.filter((note) => editor.selectedNotes.has(note.id));
  const cards = drawing.cards().filter((card) => card.nodes.some((id) => ids.has(id)));
  const others = [
    ...drawing.cards().filter((card) => !card.nodes.some((id) => ids.has(id))),
    ...editor.notes.filter((note) => !editor.selectedNotes.has(note.id)).map((rect) => ({ rect })),
  ].map(({ rect }) => rect);
  const whole = around([...cards.map(({ rect }) => rect), ...notes]);
  const { node } = grabbed;
  const isAlone = node !== undefined && ids.size === 1 && notes.length === 0 && !isConnected(editor, node);
  let places: Places | null = null;
  let papers: ReadonlyMap<string, Place> = new Map();
  let edge: FlowEdge | undefined;
  const settle = (): void => {
    hand.marks.clear();
    drawing.markEdge(undefined);
    drawing.release();
  };
  return {
    move: (event) => {
      if (places === null && !isDrag(start, event)) return;
      const here = drawing.toLocal(pointOf(event));
      const free = { x: whole.x + here.x - origin.x, y: whole.y + here.y - origin.y };
      const box = event.altKey ? free : snapped(free);
      const fit = event.altKey
        ? { dx: 0, dy: 0, lines: [] }
        : snap({ ...whole, ...box }, others, SNAP_REACH / drawing.zoom);
      const [dx, dy] = [box.x + fit.dx - whole.x, box.y + fit.dy - whole.y];
      places = Object.fromEntries([...from].map(([id, place]) => [id, shiftedBy(place, dx, dy)]));
      papers = new Map(notes.map((note) => [note.id, shiftedBy(note, dx, dy)]));
      drawing.preview(places);
      drawing.backdrop.preview(papers);
      hand.marks.showLines(fit.lines);
      if (isAlone) {
        const centre = { x: box.x + CARD_WIDTH / 2, y: box.y + HEAD_HEIGHT / 2 };
        edge = drawing.edgeNear(centre, EDGE_REACH, ids);
        drawing.markEdge(edge);
      }
    },
    end: () => {
      if (places === null) {
        pressed(hand, grabbed, additive, wasSelected);
        return;
      }
      if (edge !== undefined && node !== undefined) editor.insert(node, edge.id, places);
      else hand.shaping.move(places, papers);
      settle();
    },
    cancel: settle,
  };
}

function isConnected(editor: Editor, node: string): boolean {
  return editor.document.edges.some((edge) => edge.from === node || edge.to === node);
}

/** What a press without a drag selects. */
function pressed(hand: Hand, grabbed: Grabbed, additive: boolean, wasSelected: boolean): void {
  const { editor } = hand;
  if (!additive) editor.select(grabbed.nodes, grabbed.notes);
  else if (wasSelected) {
    const without = (all: ReadonlySet<string>, gone: readonly string[]): string[] =>
      [...all].filter((id) => !gone.includes(id));
    editor.select(without(editor.selected, grabbed.nodes), without(editor.selectedNotes, grabbed.notes));
  }
}

export function resizing(hand: Hand, start: PointerEvent, id: string): Gesture {
  const { drawing, editor } = hand;
  const note = editor.notes.find((one) => one.id === id);
  const origin = drawing.toLocal(pointOf(start));
  if (note === undefined) return RESTING;
  let size: { width: number; height: number } | null = null;
  return {
    move: (event) => {
      const here = drawing.toLocal(pointOf(event));
      size = {
        width: Math.max(NOTE_LEAST.width, note.width + here.x - origin.x),
        height: Math.max(NOTE_LEAST.height, note.height + here.y - origin.y),
      };
      drawing.backdrop.previewSize(id, size.width, size.height);
    },
    end: () => {
      if (size !== null) hand.shaping.resizeNote(id, size.width, size.height);
    },
    cancel: () => drawing.backdrop.follow(),
  };
}

function isSelected(editor: Editor, { nodes, notes }: Grabbed): boolean {
  return nodes.every((id) => editor.selected.has(id)) && notes.every((id) => editor.selectedNotes.has(id));
}
