import type { FlowDocument, FlowEdge, FlowNode } from "../../static/src/canvas/document";
import type { NodeKind, OrderField, Palette } from "../../static/src/canvas/palette-types";

/** A document from node types and "from.port>to" lines; node n1 is the first. */
export function flow(types: readonly string[], ways: readonly string[]): FlowDocument {
  const nodes: FlowNode[] = types.map((type, index) => ({ id: `n${index + 1}`, type, settings: {} }));
  const edges: FlowEdge[] = ways.map((way, index) => {
    const [, from = "", port = "", to = ""] = /^(\w+)\.([\w-]+)>(\w+)$/.exec(way) ?? [];
    return { id: `e${index + 1}`, from, port, to };
  });
  const places = Object.fromEntries(nodes.map((node, index) => [node.id, { x: index * 320, y: 0 }]));
  return { format: "orderflow/1", key: "sample", name: "Sample", nodes, edges, layout: { nodes: places } };
}

export function ways(document: FlowDocument): string[] {
  return document.edges.map((edge) => `${edge.from}.${edge.port}>${edge.to}`).sort();
}

function kind(name: string, group: NodeKind["group"], more: Partial<NodeKind>): NodeKind {
  return {
    kind: name,
    group,
    label: name,
    help: "",
    sentence: "",
    guide: "",
    icon: "",
    incoming: group !== "start",
    schema: { type: "object", properties: {} },
    ports: { fixed: [{ id: "out", label: "on" }] },
    ...more,
  };
}

const RULES = {
  type: "array",
  minItems: 1,
  title: "Rules",
  items: {
    type: "object",
    properties: {
      id: { "x-widget": "id" },
      name: { type: "string", "x-widget": "words" },
      when: { format: "condition" },
    },
  },
} as const;

export const ROUTE = kind("route", "decide", {
  ports: {
    from: "rules",
    then: [
      { id: "else", label: "else" },
      { id: "unclear", label: "unclear", optional: true },
    ],
  },
  schema: { type: "object", properties: { rules: RULES }, required: ["rules"] },
});

export const CALL = kind("request", "systems", {
  ports: {
    fixed: [
      { id: "failed", failure: true },
      { id: "ok", label: "done" },
    ],
  },
});

function field(
  path: string,
  fieldKind: OrderField["kind"],
  scope: OrderField["scope"],
  label: string,
): OrderField {
  const choices = fieldKind === "choice" ? [{ key: "urgent", label: "urgent!" }] : [];
  return { path, label, kind: fieldKind, scope, choices };
}

const PRESENCE = [{ op: "known", label: "is known", takes: null }] as const;

export const PALETTE: Palette = {
  kinds: [
    kind("ingest", "start", {}),
    ROUTE,
    CALL,
    kind("set", "order", {}),
    kind("end", "end", { ports: {} }),
  ],
  fields: [
    field("total", "money", "order", "order total"),
    field("note", "text", "order", "note"),
    field("priority", "choice", "order", "priority"),
    field("custom", "bool", "item", "made to order"),
    field("quantity", "number", "item", "quantity"),
  ],
  operators: {
    money: [
      { op: "gt", label: "is more than", takes: "amount" },
      { op: "le", label: "is at most", takes: "amount" },
      ...PRESENCE,
    ],
    text: [
      { op: "eq", label: "is", takes: "text" },
      { op: "in", label: "is one of", takes: "texts" },
      ...PRESENCE,
    ],
    choice: [{ op: "eq", label: "is", takes: "choice" }, ...PRESENCE],
    number: [{ op: "gt", label: "is more than", takes: "number" }, ...PRESENCE],
    bool: [{ op: "is_true", label: "is yes", takes: null }, ...PRESENCE],
    time: PRESENCE,
    texts: PRESENCE,
    any: [{ op: "eq", label: "is", takes: "free" }, ...PRESENCE],
  },
  teams: [{ key: "leads", label: "Supervisors" }],
  people: [],
  roles: [],
  channels: [],
  notifiers: [],
  systems: [],
  flows: [],
  calendars: [],
  currency: "CNY",
};
