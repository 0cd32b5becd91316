/** A part of a flow that is copied and pasted, as JSON: steps, the ways among them, their notes, groups and teams. */

import {
  addNode,
  connect,
  type FlowDocument,
  type FlowEdge,
  type FlowNode,
  freeNodeId,
  isPlace,
  ORIGIN,
  type Place,
  type Places,
  placesFrom,
  placesOf,
  type Settings,
  teamsIn,
} from "./document";
import { addNote, changeGroup, type Group, groupsOf, groupSteps, type Note, notesOf } from "./layout";
import type { Word } from "./words";

const FORMAT = "orderflow/excerpt-1";
const FLOW_FORMAT = "orderflow/1";
/** Settings nest no deeper than what the server reads. */
const DEEPEST = 40;
const ID = /^[A-Za-z0-9_-]{1,64}$/;

export interface Excerpt {
  readonly format: typeof FORMAT;
  readonly nodes: readonly FlowNode[];
  readonly edges: readonly FlowEdge[];
  readonly places: Places;
  readonly notes?: readonly Note[];
  readonly groups?: readonly Group[];
  /** Teams that these steps name and that only their flow knows so far. */
  readonly teams?: readonly Settings[];
}

/** What a text held: an excerpt, or why it cannot be pasted. */
export type Read =
  | { readonly excerpt: Excerpt }
  | { readonly refused: Word; readonly values?: Readonly<Record<string, string>> };

export function excerptOf(
  document: FlowDocument,
  nodes: ReadonlySet<string>,
  notes: ReadonlySet<string> = new Set(),
): Excerpt {
  const places = placesOf(document);
  const chosen = document.nodes.filter((node) => nodes.has(node.id));
  const groups = groupsOf(document).filter((group) => group.nodes.every((node) => nodes.has(node)));
  const teams = teamsNamed(document, chosen);
  return {
    format: FORMAT,
    nodes: chosen,
    edges: document.edges.filter((edge) => nodes.has(edge.from) && nodes.has(edge.to)),
    places: placesFrom(chosen.map(({ id }) => [id, places[id] ?? ORIGIN])),
    ...(notes.size > 0 && { notes: notesOf(document).filter((note) => notes.has(note.id)) }),
    ...(groups.length > 0 && { groups }),
    ...(teams.length > 0 && { teams }),
  };
}

function teamsNamed(document: FlowDocument, nodes: readonly FlowNode[]): readonly Settings[] {
  const settings = JSON.stringify(nodes.map((node) => node.settings));
  return teamsIn(document).filter((team) => {
    const key = String(team.key);
    return settings.includes(`"${key}"`) || settings.includes(`"team:${key}"`);
  });
}

// --- reading ------------------------------------------------------------------------------------------------------

/** Read what somebody wants to paste: an excerpt or a whole flow. Anything else is refused, with the reason. */
export function readExcerpt(text: string): Read {
  if (text.trim() === "") return { refused: "saidNothingToPaste" };
  const value = parsed(text);
  if (value === undefined) return { refused: /^\s*</.test(text) ? "pasteMarkup" : "pasteNoJson" };
  if (!isObject(value))
    return { refused: Array.isArray(value) && isNodeRed(value) ? "pasteNodeRed" : "pasteNoFlow" };
  if (value.format === FORMAT) return checked(value as unknown as Excerpt);
  if (value.format === FLOW_FORMAT) return checked(wholeOf(value as unknown as FlowDocument));
  if (typeof value.format === "string" && value.format.startsWith("orderflow/"))
    return { refused: "pasteOtherVersion", values: { format: value.format } };
  if (Array.isArray(value.nodes) && isObject(value.connections)) return { refused: "pasteN8n" };
  return { refused: "pasteNoFlow" };
}

function parsed(text: string): unknown {
  try {
    const value = JSON.parse(text) as unknown;
    return isDeeper(value, DEEPEST) ? undefined : value;
  } catch {
    return undefined;
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1));
}

function wholeOf(flow: FlowDocument): Excerpt {
  return {
    format: FORMAT,
    nodes: flow.nodes,
    edges: flow.edges,
    places: isObject(flow.layout?.nodes) ? placesOf(flow) : placesFrom([]),
    ...(Array.isArray(flow.layout?.notes) && { notes: flow.layout.notes }),
    ...(Array.isArray(flow.layout?.groups) && { groups: flow.layout.groups }),
    ...(Array.isArray(flow.teams) && { teams: flow.teams as readonly Settings[] }),
  };
}

/** Nothing half understood comes in: one bad part refuses the whole, and is named. */
function checked(excerpt: Excerpt): Read {
  const nodes: unknown = excerpt.nodes;
  const edges: unknown = excerpt.edges;
  if (!Array.isArray(nodes) || !Array.isArray(edges)) return { refused: "pasteNoFlow" };
  const badNode = nodes.findIndex((node) => !isNode(node));
  if (badNode >= 0) return { refused: "pasteBadStep", values: { number: String(badNode + 1) } };
  const badEdge = edges.findIndex((edge) => !isEdge(edge));
  if (badEdge >= 0) return { refused: "pasteBadWay", values: { number: String(badEdge + 1) } };
  const notes = listIn(excerpt.notes).filter(isNote);
  if (nodes.length === 0 && notes.length === 0) return { refused: "pasteEmpty" };
  return {
    excerpt: {
      format: FORMAT,
      nodes: excerpt.nodes.map(settled),
      edges: excerpt.edges,
      places: placesIn(excerpt.places),
      notes,
      groups: listIn(excerpt.groups).filter(isGroup),
      teams: listIn(excerpt.teams).filter((team) => isObject(team) && typeof team.key === "string"),
    },
  };
}

/** A step as we draw it: one without settings has none yet. */
function settled(node: FlowNode): FlowNode {
  return node.settings === undefined ? { ...(node as FlowNode), settings: {} } : node;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A part that others may have written as anything. */
function listIn<One>(part: readonly One[] | undefined): readonly One[] {
  return Array.isArray(part) ? (part as readonly One[]) : [];
}

/** Where steps stand, as far as these are places at all. */
function placesIn(part: unknown): Places {
  const entries = isObject(part) ? Object.entries(part) : [];
  return placesFrom(entries.filter(([, one]) => isPlace(one)) as [string, Places[string]][]);
}

function isNode(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { id, type, settings, name } = value;
  const isNamed = name === undefined || typeof name === "string" || areWords(name);
  return isNamed && isId(id) && typeof type === "string" && (settings === undefined || isObject(settings));
}

function areWords(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((one) => typeof one === "string");
}

function isEdge(value: unknown): boolean {
  return isObject(value) && isId(value.from) && isId(value.to) && typeof value.port === "string";
}

function isNote(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value.text === "string" &&
    ["x", "y", "width", "height"].every((side) => Number.isFinite(value[side]))
  );
}

function isGroup(value: unknown): boolean {
  return (
    isObject(value) && typeof value.name === "string" && Array.isArray(value.nodes) && value.nodes.every(isId)
  );
}

function isId(value: unknown): boolean {
  return typeof value === "string" && ID.test(value);
}

function isNodeRed(value: readonly unknown[]): boolean {
  return value.some((one) => isObject(one) && Array.isArray(one.wires));
}

// --- pasting ------------------------------------------------------------------------------------------------------

export interface Pasted {
  readonly document: FlowDocument;
  readonly nodes: readonly string[];
  readonly notes: readonly string[];
}

/** The top left corner of what was copied. */
export function cornerOf(excerpt: Excerpt): Place {
  const places = [
    ...excerpt.nodes.map((node) => excerpt.places[node.id] ?? ORIGIN),
    ...(excerpt.notes ?? []),
  ];
  return { x: Math.min(...places.map((place) => place.x)), y: Math.min(...places.map((place) => place.y)) };
}

/** Paste an excerpt with its top left corner at `corner`; the copies get ids of their own. */
export function paste(document: FlowDocument, excerpt: Excerpt, corner: Place): Pasted {
  const first = cornerOf(excerpt);
  const at = (place: Place): Place => ({ x: corner.x + place.x - first.x, y: corner.y + place.y - first.y });
  const copies = new Map<string, string>();
  let result = withTeams(document, excerpt.teams ?? []);
  for (const node of excerpt.nodes) {
    const id = freeNodeId(result);
    copies.set(node.id, id);
    result = addNode(result, { ...node, id }, at(excerpt.places[node.id] ?? ORIGIN));
  }
  for (const edge of excerpt.edges) {
    const from = copies.get(edge.from);
    const to = copies.get(edge.to);
    if (from !== undefined && to !== undefined) result = connect(result, from, edge.port, to);
  }
  const notes: string[] = [];
  for (const { text, width, height, ...place } of excerpt.notes ?? []) {
    const pasted = addNote(result, { text, width, height, ...at(place) });
    result = pasted.document;
    notes.push(pasted.added);
  }
  return { document: withGroups(result, excerpt.groups ?? [], copies), nodes: [...copies.values()], notes };
}

function withTeams(document: FlowDocument, teams: readonly Settings[]): FlowDocument {
  const known = teamsIn(document);
  const added = teams.filter((team) => !known.some((one) => one.key === team.key));
  return added.length === 0 ? document : { ...document, teams: [...known, ...added] };
}

function withGroups(
  document: FlowDocument,
  groups: readonly Group[],
  copies: ReadonlyMap<string, string>,
): FlowDocument {
  let result = document;
  for (const group of groups) {
    const nodes = group.nodes.map((id) => copies.get(id)).filter((id) => id !== undefined);
    if (nodes.length === 0) continue;
    const grouped = groupSteps(result, nodes, group.name);
    result = group.collapsed
      ? changeGroup(grouped.document, grouped.added, { collapsed: true })
      : grouped.document;
  }
  return result;
}
