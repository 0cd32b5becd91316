/** What an edit changed, cell by cell, as the server keeps it: the same cells as `runtime/core/drafting.py`. */

import type { FlowDocument, FlowEdge, FlowNode, Json, Place } from "./document";

/** New values of cells such as `nodes.n3`, `edges.e7`, `layout.nodes.n3` or `name`; null takes a cell away. */
export type Change = { readonly [cell: string]: Json };

type Cells = Map<string, Json>;
interface WithId {
  readonly id: string;
}

const LISTS = ["nodes", "edges"] as const;
const LAYOUT_LISTS = ["notes", "groups"];

/** The change that makes `after` of `before`. Parts that are the same object are not looked into. */
export function difference(before: FlowDocument, after: FlowDocument): Change {
  const old = cellsOf(before);
  const now = cellsOf(after);
  const change: { [cell: string]: Json } = {};
  for (const cell of old.keys()) if (!now.has(cell)) change[cell] = null;
  for (const [cell, value] of now) if (!same(old.get(cell), value)) change[cell] = value;
  return change;
}

/** The document after a change; what it does not touch stays the same object. */
export function changed(document: FlowDocument, change: Change): FlowDocument {
  const cells = Object.entries(change);
  if (cells.length === 0) return document;
  let other: Record<string, unknown> = { ...document };
  for (const list of LISTS) {
    const own = within(cells, `${list}.`);
    if (own.size > 0) other[list] = relisted(document[list] as readonly WithId[], own);
  }
  const laid = within(cells, "layout.");
  if (laid.size > 0) other.layout = relaid((document.layout ?? {}) as Record<string, Json>, laid);
  other = reset(other, new Map(cells.filter(([cell]) => !cell.includes("."))));
  return other as unknown as FlowDocument;
}

/** The change that takes `change` back again. */
export function wayBack(document: FlowDocument, change: Change): Change {
  const cells = cellsOf(document);
  return Object.fromEntries(Object.keys(change).map((cell) => [cell, cells.get(cell) ?? null]));
}

export function isEmpty(change: Change): boolean {
  return Object.keys(change).length === 0;
}

export function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => key in other && same((one as never)[key], (other as never)[key]))
  );
}

// --- cells --------------------------------------------------------------------------------------------------------

export function cellsOf(document: FlowDocument): Cells {
  const cells: Cells = new Map();
  for (const [name, part] of Object.entries(document)) {
    if (name === "nodes" || name === "edges") {
      for (const one of part as readonly (FlowNode | FlowEdge)[])
        cells.set(`${name}.${one.id}`, one as unknown as Json);
    } else if (name === "layout") {
      layCells(part as { readonly [name: string]: Json }, cells);
    } else if (part !== null && part !== undefined) {
      cells.set(name, part as Json);
    }
  }
  return cells;
}

function layCells(layout: { readonly [name: string]: Json }, cells: Cells): void {
  for (const [name, part] of Object.entries(layout)) {
    if (name === "nodes") {
      for (const [node, place] of Object.entries(part as unknown as { readonly [node: string]: Place }))
        cells.set(`layout.nodes.${node}`, place as unknown as Json);
    } else if (LAYOUT_LISTS.includes(name) && bearIds(part)) {
      for (const one of part) cells.set(`layout.${name}.${one.id}`, one as unknown as Json);
    } else if (part !== null) {
      cells.set(`layout.${name}`, part);
    }
  }
}

function bearIds(part: unknown): part is readonly WithId[] {
  return (
    Array.isArray(part) &&
    part.every((one: unknown) => typeof (one as Partial<WithId> | null)?.id === "string")
  );
}

function within(cells: readonly (readonly [string, Json])[], prefix: string): Map<string, Json> {
  return new Map(
    cells
      .filter(([cell]) => cell.startsWith(prefix))
      .map(([cell, value]) => [cell.slice(prefix.length), value]),
  );
}

/** The list with these parts anew: what is there keeps its place, what is new comes last. */
function relisted(list: readonly WithId[], parts: ReadonlyMap<string, Json>): readonly WithId[] {
  const known = new Set(list.map((one) => one.id));
  const kept = list
    .map((one) => (parts.has(one.id) ? (parts.get(one.id) as WithId | null) : one))
    .filter((one) => one !== null) as WithId[];
  const added = [...parts].filter(([id, value]) => value !== null && !known.has(id));
  return [...kept, ...added.map(([, value]) => value as unknown as WithId)];
}

function relaid(
  layout: { readonly [name: string]: Json },
  cells: ReadonlyMap<string, Json>,
): { [name: string]: Json } {
  let other: { [name: string]: Json } = { ...layout };
  const entries = [...cells];
  const places = within(entries, "nodes.");
  if (places.size > 0) {
    other.nodes = reset((layout.nodes ?? {}) as { readonly [node: string]: Json }, places);
  }
  for (const name of LAYOUT_LISTS) {
    const parts = within(entries, `${name}.`);
    if (parts.size === 0) continue;
    const present: unknown = layout[name];
    const list = relisted(bearIds(present) ? present : [], parts);
    other = reset(other, new Map([[name, list.length === 0 ? null : (list as unknown as Json)]]));
  }
  return reset(other, new Map(entries.filter(([name]) => !name.includes("."))));
}

/** The object with these values; null takes a name away. */
function reset<Value>(
  object: { readonly [name: string]: Value },
  values: ReadonlyMap<string, Json>,
): { [name: string]: Value } {
  const kept = Object.entries(object).filter(([name]) => values.get(name) !== null);
  const given = [...values].filter(([, value]) => value !== null);
  return Object.fromEntries([...kept, ...given]) as { [name: string]: Value };
}
