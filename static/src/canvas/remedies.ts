/** One press that mends a problem: by the problem's code, a document with it becomes one without it. */

import * as doc from "./document";
import type { FlowDocument, FlowNode, Json, Settings } from "./document";
import type { Problem } from "./editor";
import { partAt, withPart } from "./form/place";
import type { NodeKind } from "./palette-types";
import { type NodePort, portsOf } from "./ports";
import { CARD_WIDTH } from "./shape";
import type { Say } from "./words";

export interface Remedy {
  readonly label: string;
  readonly mend: (document: FlowDocument) => FlowDocument;
}

/** What remedies look at besides the document. */
export interface Grounds {
  readonly document: FlowDocument;
  readonly kinds: ReadonlyMap<string, NodeKind>;
  readonly language: string;
  readonly say: Say;
}

type Cure = (problem: Problem, grounds: Grounds) => Remedy | undefined;

/** The remedy of a problem; undefined where a person must think. */
export function remedyFor(problem: Problem, grounds: Grounds): Remedy | undefined {
  return CURES[problem.code]?.(problem, grounds);
}

const MINUTES = 30;

const addEnd: Cure = (_problem, { document, kinds, language, say }) => {
  const open = firstOpen(document, kinds, language);
  const end = kindOf(kinds, "end");
  return end && { label: say("addEnd"), mend: (now) => withEnd(now, end, open?.node, open?.port) };
};

const addStart: Cure = (_problem, { document, kinds, say }) => {
  const start = kindOf(kinds, "start");
  const entered = new Set(document.edges.map((edge) => edge.to));
  const first = document.nodes.find((node) => !entered.has(node.id));
  if (start === undefined) return undefined;
  return {
    label: say("addStartHere"),
    mend: (now) => {
      const id = doc.freeNodeId(now);
      const beside = first === undefined ? doc.ORIGIN : placeOf(now, first.id);
      const place = { x: beside.x - NEXT, y: beside.y };
      const added = doc.addNode(now, { id, type: start.kind, settings: {} }, place);
      const port = portsOf(start, {}, "en")[0];
      return first === undefined || port === undefined ? added : doc.connect(added, id, port.id, first.id);
    },
  };
};

/** A way that leads nowhere: to the only step that nothing leads to, else to the only end, else to a new end. */
const closeWay: Cure = (problem, grounds) => {
  const { document, kinds, language, say } = grounds;
  const node = nodeOf(problem, document);
  const port = openPorts(document, node, kinds, language).find((one) => isAbout(problem, one, node));
  if (node === undefined || port === undefined) return undefined;
  const target = freeEnd(document, node.id, kinds);
  if (target !== undefined) return leadTo(grounds, node.id, port, target);
  const end = kindOf(kinds, "end");
  return (
    end && {
      label: say("addEndAfter", { port: port.label }),
      mend: (now) => withEnd(now, end, node.id, port.id),
    }
  );
};

/** What cannot be told is best asked of the people that the flow asks anyway. */
const askPeople: Cure = (problem, grounds) => {
  const { document, kinds, language } = grounds;
  const node = nodeOf(problem, document);
  const port = portsOfNode(node, kinds, language).find((one) => isAbout(problem, one, node));
  const before = node === undefined ? new Set() : leadingTo(document, node.id);
  const people = document.nodes.filter(
    (one) => kinds.get(one.type)?.group === "people" && !before.has(one.id),
  );
  const [only] = people;
  if (node === undefined || port === undefined || only === undefined || people.length > 1) return undefined;
  return leadTo(grounds, node.id, port, only);
};

/** A step that no order reaches: by the only way that leads nowhere, else it goes. */
const reach: Cure = (problem, grounds) => {
  const { document, kinds, language, say } = grounds;
  const node = nodeOf(problem, document);
  if (node === undefined) return undefined;
  const entered = document.edges.some((edge) => edge.to === node.id);
  const after = reachedFrom(document, node.id);
  const open = document.nodes
    .filter((one) => !after.has(one.id))
    .flatMap((one) => openPorts(document, one, kinds, language).map((port) => ({ node: one.id, port })));
  const [only] = open;
  if (!entered && only !== undefined && open.length === 1) return leadTo(grounds, only.node, only.port, node);
  return { label: say("removeStep"), mend: (now) => doc.removeParts(now, new Set([node.id])) };
};

const setDeadline: Cure = (problem, { document, kinds, say }) => {
  const node = nodeOf(problem, document);
  if (node === undefined) return undefined;
  const preset = kinds.get(node.type)?.schema.properties?.deadline_minutes?.default;
  const minutes = typeof preset === "number" ? preset : MINUTES;
  return {
    label: say("setDeadline", { minutes }),
    mend: (now) => withSetting(now, node.id, ["deadline_minutes"], minutes),
  };
};

const addTeam: Cure = (problem, { say }) => {
  const key = problem.about?.team;
  if (key === undefined || !/^[A-Za-z0-9_-]{1,64}$/.test(key)) return undefined;
  return { label: say("addTeamToFlow", { team: key }), mend: (now) => withTeam(now, key, key) };
};

/** A rule that is empty, or the same as one before it, is one that nobody misses. */
const removeRule: Cure = (problem, { document, say }) => {
  const node = nodeOf(problem, document);
  const [list, index] = problem.where.split(".");
  const rules = node?.settings[list ?? ""];
  if (node === undefined || !Array.isArray(rules) || rules.length < 2 || !/^\d+$/.test(index ?? ""))
    return undefined;
  const rule = rules[Number(index)] as Settings | undefined;
  return {
    label: say("removeRule"),
    mend: (now) => {
      const left = rules.filter((_, place) => place !== Number(index)) as readonly Json[];
      const without = withSetting(now, node.id, [list ?? ""], left);
      const edge = doc.edgeFrom(without, node.id, String(rule?.id));
      const twin = left.some((other) => (other as Settings | null)?.id === rule?.id);
      return edge === undefined || twin ? without : doc.removeParts(without, new Set(), new Set([edge.id]));
    },
  };
};

const removeStart: Cure = (problem, { document, say }) => {
  const node = nodeOf(problem, document);
  return node && { label: say("removeStart"), mend: (now) => doc.removeParts(now, new Set([node.id])) };
};

/** Ways that start or end nowhere, or at a way out that is not there. */
const removeStrayWays: Cure = (_problem, { kinds, language, say }) => ({
  label: say("removeWay"),
  mend: (now) => ({
    ...now,
    edges: now.edges.filter((edge) => {
      const from = doc.nodeOf(now, edge.from);
      const to = doc.nodeOf(now, edge.to);
      if (from === undefined || to === undefined) return false;
      const kind = kinds.get(from.type);
      const enters = kinds.get(to.type)?.incoming ?? true;
      const leaves =
        kind === undefined || portsOf(kind, from.settings, language).some((port) => port.id === edge.port);
      return enters && leaves;
    }),
  }),
});

const removeSetting: Cure = (problem, { document, say }) => {
  const node = nodeOf(problem, document);
  if (node === undefined || problem.where === "") return undefined;
  return {
    label: say("removeSetting"),
    mend: (now) => withSetting(now, node.id, pathOf(problem), undefined),
  };
};

/** A number beyond a limit becomes the limit. */
const limit =
  (name: "least" | "most"): Cure =>
  (problem, { document, say }) => {
    const node = nodeOf(problem, document);
    const value = Number(problem.about?.[name]);
    if (node === undefined || !Number.isFinite(value)) return undefined;
    return {
      label: say("setTo", { value }),
      mend: (now) => withSetting(now, node.id, pathOf(problem), value),
    };
  };

/** A setting that is missing and has a usual value. */
const usual: Cure = (problem, { document, kinds, say }) => {
  const node = nodeOf(problem, document);
  const [key = "", ...rest] = problem.where.split(".");
  const preset = node && kinds.get(node.type)?.schema.properties?.[key]?.default;
  if (node === undefined || rest.length > 0 || (typeof preset !== "string" && typeof preset !== "number"))
    return undefined;
  return { label: say("setTo", { value: preset }), mend: (now) => withSetting(now, node.id, [key], preset) };
};

/** A field that was mistyped becomes the one that was probably meant. */
const rightField: Cure = (problem, { document, say }) => {
  const node = nodeOf(problem, document);
  const { field = "", nearest = "" } = problem.about ?? {};
  const present = node && partAt(node.settings as Json, pathOf(problem));
  if (node === undefined || typeof present !== "string" || field === "" || nearest === "") return undefined;
  const right = present === field ? nearest : present.replaceAll(`{${field}}`, `{${nearest}}`);
  if (right === present) return undefined;
  return {
    label: say("useField", { field: nearest }),
    mend: (now) => withSetting(now, node.id, pathOf(problem), right),
  };
};

const ownMark: Cure = (problem, { document, say }) => {
  const node = nodeOf(problem, document);
  const rules = node?.settings.rules;
  if (node === undefined || !Array.isArray(rules)) return undefined;
  const id = doc.freeId(
    "r",
    rules.map((rule: Json) => String((rule as Settings | null)?.id)),
  );
  return { label: say("giveOwnMark"), mend: (now) => withSetting(now, node.id, pathOf(problem), id) };
};

const CURES: { readonly [code: string]: Cure } = {
  "flow.no_end": addEnd,
  "flow.no_start": addStart,
  "flow.port_open": closeWay,
  "flow.unreached": reach,
  "flow.two_starts": removeStart,
  "flow.team_unlisted": addTeam,
  "flow.start_entered": removeStrayWays,
  "flow.edge_node_unknown": removeStrayWays,
  "flow.port_unknown": removeStrayWays,
  "flow.port_unknown_near": removeStrayWays,
  "flow.field_unknown_near": rightField,
  "template.unknown_field_near": rightField,
  "approval.no_deadline": setDeadline,
  "route.unclear_open": askPeople,
  "route.rule_same": removeRule,
  "route.rule_twice": ownMark,
  "condition.empty": removeRule,
  "shape.required": usual,
  "shape.too_small": limit("least"),
  "shape.too_large": limit("most"),
  "shape.unknown": removeSetting,
  "shape.unknown_near": removeSetting,
};

// --- parts of documents -----------------------------------------------------------------------------------------------

const NEXT = CARD_WIDTH + 96;

/** The flow with a team of its own more. */
export function withTeam(document: FlowDocument, key: string, name: string): FlowDocument {
  const teams = Array.isArray(document.teams) ? (document.teams as readonly Json[]) : [];
  return { ...document, teams: [...teams, { key, name }] };
}

function nodeOf(problem: Problem, document: FlowDocument): FlowNode | undefined {
  return problem.node === null ? undefined : doc.nodeOf(document, problem.node);
}

function kindOf(kinds: ReadonlyMap<string, NodeKind>, group: "start" | "end"): NodeKind | undefined {
  return [...kinds.values()].find((kind) => kind.group === group);
}

function portsOfNode(
  node: FlowNode | undefined,
  kinds: ReadonlyMap<string, NodeKind>,
  language: string,
): readonly NodePort[] {
  return node === undefined ? [] : portsOf(kinds.get(node.type), node.settings, language);
}

function openPorts(
  document: FlowDocument,
  node: FlowNode | undefined,
  kinds: ReadonlyMap<string, NodeKind>,
  language: string,
): readonly NodePort[] {
  return portsOfNode(node, kinds, language).filter(
    (port) =>
      !port.failure && !port.optional && doc.edgeFrom(document, node?.id ?? "", port.id) === undefined,
  );
}

function firstOpen(
  document: FlowDocument,
  kinds: ReadonlyMap<string, NodeKind>,
  language: string,
): { readonly node: string; readonly port: string } | undefined {
  return document.nodes.flatMap((node) =>
    openPorts(document, node, kinds, language).map((port) => ({ node: node.id, port: port.id })),
  )[0];
}

/** Whether a problem is about this way out: the server names it by its key, or by a name that the designer gave. */
function isAbout(problem: Problem, port: NodePort, node: FlowNode | undefined): boolean {
  const told = problem.about?.port;
  if (told === undefined || told === port.id || told === port.label) return true;
  const items = Object.values(node?.settings ?? {}).flatMap((value) => (Array.isArray(value) ? value : []));
  const item = items.find((one: Json) => (one as Settings | null)?.id === port.id) as Settings | undefined;
  const name = item?.name;
  return typeof name === "object" && name !== null && Object.values(name).includes(told);
}

/** The only step that nothing leads to yet, else the only end of the flow. */
function freeEnd(
  document: FlowDocument,
  from: string,
  kinds: ReadonlyMap<string, NodeKind>,
): FlowNode | undefined {
  const entered = new Set(document.edges.map((edge) => edge.to));
  const others = document.nodes.filter(
    (node) => node.id !== from && (kinds.get(node.type)?.incoming ?? true),
  );
  const before = leadingTo(document, from);
  const free = others.filter((node) => !entered.has(node.id) && !before.has(node.id));
  const ends = others.filter((node) => kinds.get(node.type)?.group === "end");
  for (const found of [free, ends]) if (found.length === 1) return found[0];
  return undefined;
}

/** A step and all steps from which drawn ways lead to it. */
function leadingTo(document: FlowDocument, id: string): ReadonlySet<string> {
  return alongWays(
    document.edges.map((edge) => [edge.to, edge.from] as const),
    id,
  );
}

/** A step and all steps to which drawn ways lead from it. */
function reachedFrom(document: FlowDocument, id: string): ReadonlySet<string> {
  return alongWays(
    document.edges.map((edge) => [edge.from, edge.to] as const),
    id,
  );
}

function alongWays(ways: readonly (readonly [string, string])[], start: string): ReadonlySet<string> {
  const next = new Map<string, string[]>();
  for (const [from, to] of ways) next.set(from, [...(next.get(from) ?? []), to]);
  const seen = new Set([start]);
  // What is added while it is gone through is gone through too.
  for (const id of seen) for (const to of next.get(id) ?? []) seen.add(to);
  return seen;
}

function leadTo({ kinds, language, say }: Grounds, from: string, port: NodePort, target: FlowNode): Remedy {
  const step = doc.said(target.name, language) || (kinds.get(target.type)?.label ?? target.type);
  return {
    label: say("leadTo", { port: port.label, step }),
    mend: (now) => doc.connect(now, from, port.id, target.id),
  };
}

function withEnd(
  document: FlowDocument,
  end: NodeKind,
  from: string | undefined,
  port: string | undefined,
): FlowDocument {
  const id = doc.freeNodeId(document);
  const beside = placeOf(document, from ?? document.nodes.at(-1)?.id ?? "");
  const below = port === undefined ? 0 : document.edges.filter((edge) => edge.from === from).length;
  const place = { x: beside.x + NEXT, y: beside.y + below * 120 };
  const added = doc.addNode(document, { id, type: end.kind, settings: defaults(end) }, place);
  return from === undefined || port === undefined ? added : doc.connect(added, from, port, id);
}

function defaults(kind: NodeKind): Settings {
  const preset = Object.entries(kind.schema.properties ?? {}).flatMap(([key, schema]) =>
    schema.default === undefined ? [] : [[key, schema.default] as const],
  );
  return Object.fromEntries(preset);
}

function placeOf(document: FlowDocument, id: string): doc.Place {
  return doc.placesOf(document)[id] ?? doc.ORIGIN;
}

function pathOf(problem: Problem): readonly (string | number)[] {
  return problem.where.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function withSetting(
  document: FlowDocument,
  id: string,
  path: readonly (string | number)[],
  value: Json | undefined,
): FlowDocument {
  return {
    ...document,
    nodes: document.nodes.map((node) =>
      node.id === id ? { ...node, settings: withPart(node.settings as Json, path, value) as Settings } : node,
    ),
  };
}
