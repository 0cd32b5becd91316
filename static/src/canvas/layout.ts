/**
 * What is on the canvas besides steps and ways: notes, groups and pins. All of it is layout: it is drawn, copied and undone
 * like the rest, and no order ever sees it.
 */

import type { FlowDocument, Layout, Place } from "./document";
import { freeId } from "./free-id";

export interface Note {
  readonly id: string;
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Steps that belong together: a frame with a name around them, or one card in place of them all. A step is in one at most. */
export interface Group {
  readonly id: string;
  readonly name: string;
  readonly nodes: readonly string[];
  readonly collapsed: boolean;
}

export const NOTE_SIZE = { width: 224, height: 120 } as const;
export const NOTE_LEAST = { width: 120, height: 56 } as const;
export const LONGEST_NOTE = 2_000;
export const LONGEST_NAME = 100;

const NONE: readonly never[] = [];

/** What others wrote into a layout may be anything: what cannot be drawn is left out. */
function sound<Part>(parts: readonly Part[] | undefined, is: (part: unknown) => boolean): readonly Part[] {
  if (!Array.isArray(parts)) return NONE;
  return parts.every(is) ? (parts as readonly Part[]) : (parts as readonly Part[]).filter(is);
}

function isNote(value: unknown): boolean {
  const { text, x, y, width, height } = (value ?? {}) as Partial<Note>;
  return typeof text === "string" && [x, y, width, height].every((side) => Number.isFinite(side));
}

function isGroup(value: unknown): boolean {
  const { name, nodes } = (value ?? {}) as Partial<Group>;
  return (
    typeof name === "string" &&
    Array.isArray(nodes) &&
    nodes.every((node: unknown) => typeof node === "string")
  );
}

// --- notes --------------------------------------------------------------------------------------------------------

export function notesOf(document: FlowDocument): readonly Note[] {
  return sound(document.layout?.notes, isNote);
}

export function addNote(
  document: FlowDocument,
  note: Omit<Note, "id">,
): { document: FlowDocument; added: string } {
  const notes = notesOf(document);
  const id = freeId(
    "t",
    notes.map((one) => one.id),
  );
  return { document: laid(document, { notes: [...notes, { ...note, id }] }), added: id };
}

export function changeNote(
  document: FlowDocument,
  id: string,
  changes: Partial<Omit<Note, "id">>,
): FlowDocument {
  return moveNotes(document, new Map([[id, changes]]));
}

/** Change several notes at once: where they stand, their size, their text. */
export function moveNotes(
  document: FlowDocument,
  changes: ReadonlyMap<string, Partial<Omit<Note, "id">>>,
): FlowDocument {
  if (changes.size === 0) return document;
  const notes = notesOf(document).map((note) =>
    changes.has(note.id) ? { ...note, ...changes.get(note.id) } : note,
  );
  return laid(document, { notes });
}

export function removeNotes(document: FlowDocument, gone: ReadonlySet<string>): FlowDocument {
  if (gone.size === 0) return document;
  return laid(document, { notes: notesOf(document).filter((note) => !gone.has(note.id)) });
}

// --- groups -------------------------------------------------------------------------------------------------------

export function groupsOf(document: FlowDocument): readonly Group[] {
  return sound(document.layout?.groups, isGroup);
}

export function groupOf(document: FlowDocument, node: string): Group | undefined {
  return groupsOf(document).find((group) => group.nodes.includes(node));
}

/** Put a frame around these steps; those that stood in another leave it. */
export function groupSteps(
  document: FlowDocument,
  nodes: readonly string[],
  name: string,
): { document: FlowDocument; added: string } {
  const groups = withoutSteps(groupsOf(document), new Set(nodes));
  const id = freeId(
    "g",
    groupsOf(document).map((one) => one.id),
  );
  return {
    document: laid(document, { groups: [...groups, { id, name, nodes: [...nodes], collapsed: false }] }),
    added: id,
  };
}

/** Take steps into a group; they leave the one that they were in. */
export function joinGroup(document: FlowDocument, id: string, nodes: readonly string[]): FlowDocument {
  const joining = new Set(nodes);
  const others = groupsOf(document).map((group) => {
    const left = group.nodes.filter((node) => !joining.has(node));
    if (group.id === id) return { ...group, nodes: [...left, ...nodes] };
    return left.length === group.nodes.length ? group : { ...group, nodes: left };
  });
  return laid(document, { groups: others.filter((group) => group.nodes.length > 0) });
}

/** Take steps out of their groups; they stay on the canvas. */
export function leaveGroups(document: FlowDocument, nodes: ReadonlySet<string>): FlowDocument {
  return laid(document, { groups: withoutSteps(groupsOf(document), nodes) });
}

/** Take the frames away; their steps stay. */
export function ungroup(document: FlowDocument, gone: ReadonlySet<string>): FlowDocument {
  return laid(document, { groups: groupsOf(document).filter((group) => !gone.has(group.id)) });
}

export function changeGroup(
  document: FlowDocument,
  id: string,
  changes: Partial<Pick<Group, "name" | "collapsed">>,
): FlowDocument {
  const groups = groupsOf(document).map((group) => (group.id === id ? { ...group, ...changes } : group));
  return laid(document, { groups });
}

const folds = new WeakMap<readonly Group[], ReadonlyMap<string, Group>>();

/** The steps that are not drawn because their group is collapsed, each with its group. */
export function foldedIn(document: FlowDocument): ReadonlyMap<string, Group> {
  const groups = groupsOf(document);
  const known = folds.get(groups);
  if (known !== undefined) return known;
  const found = new Map(
    groups
      .filter((group) => group.collapsed)
      .flatMap((group) => group.nodes.map((node) => [node, group] as const)),
  );
  folds.set(groups, found);
  return found;
}

// --- pins ---------------------------------------------------------------------------------------------------------

const pins = new WeakMap<readonly string[], ReadonlySet<string>>();

export function pinnedIn(document: FlowDocument): ReadonlySet<string> {
  const list = sound(document.layout?.pinned, (one) => typeof one === "string");
  const known = pins.get(list) ?? new Set(list);
  pins.set(list, known);
  return known;
}

/** Pinned steps stay where they are when the flow is tidied. */
export function pin(document: FlowDocument, nodes: Iterable<string>, on: boolean): FlowDocument {
  const pinned = new Set(pinnedIn(document));
  for (const node of nodes) {
    if (on) pinned.add(node);
    else pinned.delete(node);
  }
  return laid(document, { pinned: [...pinned] });
}

// --- all of it ----------------------------------------------------------------------------------------------------

/** The layout when these steps are gone. */
export function layoutWithout(layout: Layout, gone: ReadonlySet<string>): Layout {
  const places = Object.fromEntries(Object.entries(layout.nodes ?? {}).filter(([id]) => !gone.has(id)));
  const pinned = sound(layout.pinned, (one) => typeof one === "string").filter((id) => !gone.has(id));
  const groups = withoutSteps(sound(layout.groups, isGroup), gone);
  return withoutEmpty({ ...layout, nodes: places, pinned, groups });
}

function withoutSteps(groups: readonly Group[], gone: ReadonlySet<string>): readonly Group[] {
  if (!groups.some((group) => group.nodes.some((node) => gone.has(node)))) return groups;
  return groups
    .map((group) => {
      const nodes = group.nodes.filter((node) => !gone.has(node));
      return nodes.length === group.nodes.length ? group : { ...group, nodes };
    })
    .filter((group) => group.nodes.length > 0);
}

function laid(document: FlowDocument, part: Layout): FlowDocument {
  return { ...document, layout: withoutEmpty({ ...document.layout, ...part }) };
}

function withoutEmpty(layout: { readonly [Part in keyof Layout]: Layout[Part] | undefined }): Layout {
  return Object.fromEntries(
    Object.entries(layout).filter(
      ([, part]) => part !== undefined && (!Array.isArray(part) || part.length > 0),
    ),
  ) as Layout;
}

/** Where something stands after a move by so much. */
export function shiftedBy(place: Place, dx: number, dy: number): Place {
  return { x: place.x + dx, y: place.y + dy };
}
