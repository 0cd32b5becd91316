/** The flow document ("orderflow/1") and everything that a designer can do to it: pure functions, old document in, new one out. */

import { freeId } from "./free-id";
import { type Group, layoutWithout, type Note } from "./layout";

export type Words = string | { readonly [language: string]: string };

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export type Settings = { readonly [key: string]: Json };

export interface FlowNode {
  readonly id: string;
  readonly type: string;
  readonly name?: Words;
  readonly settings: Settings;
}

export interface FlowEdge {
  readonly id: string;
  readonly from: string;
  readonly port: string;
  readonly to: string;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

export type Places = { readonly [node: string]: Place };

/** Where everything stands, and what is drawn besides steps and ways. */
export interface Layout {
  readonly nodes?: Places;
  readonly pinned?: readonly string[];
  readonly notes?: readonly Note[];
  readonly groups?: readonly Group[];
}

export interface FlowDocument {
  readonly format: string;
  readonly key: string;
  readonly name: Words;
  readonly nodes: readonly FlowNode[];
  readonly edges: readonly FlowEdge[];
  readonly layout?: Layout;
  readonly [other: string]: unknown;
}

export const ORIGIN: Place = { x: 0, y: 0 };

const found = new WeakMap<Places, Places>();

/** Where the nodes stand. A node whose id is the name of something that every object has is not found by accident. */
export function placesOf(document: FlowDocument): Places {
  const nodes = document.layout?.nodes ?? {};
  const known = found.get(nodes) ?? placesFrom(Object.entries(nodes).filter(([, place]) => isPlace(place)));
  found.set(nodes, known);
  return known;
}

/** Whether something stands somewhere: a text or an infinite distance is no place. */
export function isPlace(value: unknown): value is Place {
  if (typeof value !== "object" || value === null) return false;
  const { x, y } = value as Partial<Place>;
  return Number.isFinite(x) && Number.isFinite(y);
}

/** Places by the ids of their nodes, whatever these ids are. */
export function placesFrom(entries: Iterable<readonly [string, Place]>): Places {
  return Object.setPrototypeOf(Object.fromEntries(entries), null) as Places;
}

/** The settings of the flow's one failure policy; undefined where it has none. */
export function policyOf(document: FlowDocument): Settings | undefined {
  const given = document.failures;
  return typeof given === "object" && given !== null && !Array.isArray(given)
    ? (given as Settings)
    : undefined;
}

/** The flow with this failure policy, or without one. */
export function withPolicy(document: FlowDocument, settings: Settings | undefined): FlowDocument {
  const others = Object.entries(document).filter(([name]) => name !== "failures");
  const policy = settings === undefined ? {} : { failures: settings };
  return { ...(Object.fromEntries(others) as unknown as FlowDocument), ...policy };
}

/** The teams that the flow itself names. */
export function teamsIn(document: FlowDocument): readonly Settings[] {
  const teams: readonly unknown[] = Array.isArray(document.teams) ? document.teams : [];
  const isTeam = (team: unknown): team is Settings =>
    typeof team === "object" && team !== null && typeof (team as Settings).key === "string";
  return teams.filter(isTeam);
}

export function nodeOf(document: FlowDocument, id: string): FlowNode | undefined {
  return document.nodes.find((node) => node.id === id);
}

export function edgeFrom(document: FlowDocument, node: string, port: string): FlowEdge | undefined {
  return document.edges.find((edge) => edge.from === node && edge.port === port);
}

export { freeId };

export function freeNodeId(document: FlowDocument): string {
  return freeId(
    "n",
    document.nodes.map((node) => node.id),
  );
}

export function addNode(document: FlowDocument, node: FlowNode, place: Place): FlowDocument {
  return placeNodes({ ...document, nodes: [...document.nodes, node] }, { [node.id]: place });
}

export function placeNodes(document: FlowDocument, places: Places): FlowDocument {
  return {
    ...document,
    layout: { ...document.layout, nodes: { ...placesOf(document), ...places } },
  };
}

/** Lead `port` of `from` to `to`. A port has one way only: what it led to before is let go. */
export function connect(document: FlowDocument, from: string, port: string, to: string): FlowDocument {
  const present = edgeFrom(document, from, port);
  if (present?.to === to) return document;
  const rest = document.edges.filter((edge) => edge !== present);
  const id = freeId(
    "e",
    document.edges.map((edge) => edge.id),
  );
  return { ...document, edges: [...rest, { id, from, port, to }] };
}

/** Put `node` (already in the document) between the two ends of an edge; its way on leaves by `port`. */
export function insertOnEdge(
  document: FlowDocument,
  edge: FlowEdge,
  node: string,
  port: string | undefined,
): FlowDocument {
  const through = connect(document, edge.from, edge.port, node);
  return port === undefined ? through : connect(through, node, port, edge.to);
}

export function removeParts(
  document: FlowDocument,
  nodes: ReadonlySet<string>,
  edges: ReadonlySet<string> = new Set(),
): FlowDocument {
  return {
    ...document,
    nodes: document.nodes.filter((node) => !nodes.has(node.id)),
    edges: document.edges.filter(
      (edge) => !edges.has(edge.id) && !nodes.has(edge.from) && !nodes.has(edge.to),
    ),
    ...(nodes.size > 0 && { layout: layoutWithout(document.layout ?? {}, nodes) }),
  };
}

/** Remove nodes and lead what came into them on to where their first connected port led. */
export function removeAndReconnect(document: FlowDocument, nodes: ReadonlySet<string>): FlowDocument {
  const wayOn = (id: string, seen: ReadonlySet<string>): string | undefined => {
    const next = document.edges.find((edge) => edge.from === id)?.to;
    if (next === undefined || seen.has(next)) return undefined;
    return nodes.has(next) ? wayOn(next, new Set([...seen, next])) : next;
  };
  const incoming = document.edges.filter((edge) => nodes.has(edge.to) && !nodes.has(edge.from));
  let result = removeParts(document, nodes);
  for (const edge of incoming) {
    const target = wayOn(edge.to, new Set([edge.to]));
    if (target !== undefined && target !== edge.from) result = connect(result, edge.from, edge.port, target);
  }
  return result;
}

/** Change what a node is set to. Edges of ports that are gone (`ports` are those that remain) go with them. */
export function setSettings(
  document: FlowDocument,
  id: string,
  settings: Settings,
  ports: ReadonlySet<string>,
): FlowDocument {
  return {
    ...document,
    nodes: document.nodes.map((node) => (node.id === id ? { ...node, settings } : node)),
    edges: document.edges.filter((edge) => edge.from !== id || ports.has(edge.port)),
  };
}

/** Name a node in one language; names in the others stay. An empty name takes the node back to its type's name. */
export function renameNode(document: FlowDocument, id: string, name: string, language: string): FlowDocument {
  return {
    ...document,
    nodes: document.nodes.map((node) => {
      if (node.id !== id) return node;
      const { name: before, ...rest } = node;
      const after = reworded(before, name.trim(), language);
      return after === undefined ? rest : { ...rest, name: after };
    }),
  };
}

/** A text told anew in one language; the other languages stay. Undefined when nothing is left of it. */
export function reworded(before: Words | undefined, text: string, language: string): Words | undefined {
  if (before === undefined || typeof before === "string") return text === "" ? undefined : text;
  const others = Object.fromEntries(Object.entries(before).filter(([key]) => key !== language));
  const after = text === "" ? others : { ...others, [language]: text };
  return Object.keys(after).length === 0 ? undefined : after;
}

export function renameFlow(document: FlowDocument, name: string, language: string): FlowDocument {
  return { ...document, name: reworded(document.name, name.trim(), language) ?? document.name };
}

/** Names resolved for a reader: their language, else English, else whatever there is. */
export function said(words: Words | null | undefined, language: string): string {
  if (typeof words === "string") return words;
  if (typeof words !== "object" || words === null) return "";
  // What was pasted or imported may hold anything.
  const told: unknown = words[language] ?? words.en ?? Object.values(words)[0];
  return typeof told === "string" ? told : "";
}
