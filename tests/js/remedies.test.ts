import { describe, expect, it } from "vitest";
import type { FlowDocument, Settings } from "../../static/src/canvas/document";
import type { Problem } from "../../static/src/canvas/editor";
import type { NodeKind } from "../../static/src/canvas/palette-types";
import { type Grounds, remedyFor } from "../../static/src/canvas/remedies";
import { wordsIn } from "../../static/src/canvas/words";
import { flow, PALETTE, ways } from "./samples";

const APPROVAL: NodeKind = {
  ...(PALETTE.kinds[1] as NodeKind),
  kind: "approval",
  group: "people",
  label: "approval",
  ports: { fixed: [{ id: "approved", label: "approved" }] },
  schema: {
    type: "object",
    properties: { deadline_minutes: { default: 30 }, title: { format: "template" } },
  },
};
const KINDS = new Map([...PALETTE.kinds, APPROVAL].map((kind) => [kind.kind, kind]));

function problem(code: string, node: string | null, where = "", about: Record<string, string> = {}): Problem {
  return { level: "error", code, text: "", remedy: "", node, where, about };
}

function mended(
  document: FlowDocument,
  wrong: Problem,
): { label: string; document: FlowDocument } | undefined {
  const grounds: Grounds = { document, kinds: KINDS, language: "en", say: wordsIn("en") };
  const remedy = remedyFor(wrong, grounds);
  return remedy && { label: remedy.label, document: remedy.mend(document) };
}

function set(document: FlowDocument, id: string, settings: Settings): FlowDocument {
  return {
    ...document,
    nodes: document.nodes.map((node) => (node.id === id ? { ...node, settings } : node)),
  };
}

function settingsOf(document: FlowDocument | undefined, id: string): Settings | undefined {
  return document?.nodes.find((node) => node.id === id)?.settings;
}

const RULES = [
  { id: "r1", when: { field: "note", op: "known" } },
  { id: "r2", when: { field: "note", op: "known" } },
];

describe("a way that leads nowhere", () => {
  it("leads to the only step that nothing leads to", () => {
    const drawn = flow(["ingest", "set", "end", "end"], ["n1.out>n2", "n2.out>n3"]);
    const open = { ...drawn, edges: drawn.edges.slice(0, 1), nodes: drawn.nodes.slice(0, 3) };
    const done = mended(open, problem("flow.port_open", "n2", "", { port: "out" }));
    expect(done?.label).toBe("Lead “on” to “end”");
    expect(ways(done?.document as FlowDocument)).toEqual(["n1.out>n2", "n2.out>n3"]);
  });

  it("of the missing else leads to the only end, and to no other way out", () => {
    const drawn = set(flow(["ingest", "route", "end"], ["n1.out>n2", "n2.r1>n3"]), "n2", {
      rules: RULES.slice(0, 1),
    });
    const done = mended(drawn, problem("flow.port_open", "n2", "", { port: "else" }));
    expect(ways(done?.document as FlowDocument)).toContain("n2.else>n3");
  });

  it("gets an end of its own where there is none to lead to", () => {
    const done = mended(flow(["ingest"], []), problem("flow.port_open", "n1", "", { port: "out" }));
    expect(done?.document.nodes.map((node) => node.type)).toEqual(["ingest", "end"]);
    expect(ways(done?.document as FlowDocument)).toEqual(["n1.out>n2"]);
  });

  it("never leads back to where the order came from", () => {
    const drawn = flow(["set", "set"], ["n1.out>n2"]);
    const done = mended(drawn, problem("flow.port_open", "n2", "", { port: "out" }));
    expect(ways(done?.document as FlowDocument)).toEqual(["n1.out>n2", "n2.out>n3"]);
  });
});

describe("what is missing", () => {
  it("is added: the end, the start, the team, the deadline", () => {
    const bare = flow(["set"], []);
    expect(ways(mended(bare, problem("flow.no_end", null))?.document as FlowDocument)).toEqual(["n1.out>n2"]);
    expect(ways(mended(bare, problem("flow.no_start", null))?.document as FlowDocument)).toEqual([
      "n2.out>n1",
    ]);
    const team = mended(bare, problem("flow.team_unlisted", "n1", "", { team: "night" }));
    expect(team?.document.teams).toEqual([{ key: "night", name: "night" }]);
    const asked = mended(flow(["approval"], []), problem("approval.no_deadline", "n1", "deadline_minutes"));
    expect(settingsOf(asked?.document, "n1")).toEqual({ deadline_minutes: 30 });
  });
});

describe("what is too much", () => {
  it("is a rule that can never be reached, with its way", () => {
    const drawn = set(flow(["ingest", "route", "end"], ["n1.out>n2", "n2.r1>n3", "n2.r2>n3"]), "n2", {
      rules: RULES,
    });
    const done = mended(drawn, problem("route.rule_same", "n2", "rules.1"));
    expect(settingsOf(done?.document, "n2")).toEqual({ rules: RULES.slice(0, 1) });
    expect(ways(done?.document as FlowDocument)).toEqual(["n1.out>n2", "n2.r1>n3"]);
  });

  it("is never the last rule", () => {
    const drawn = set(flow(["route"], []), "n1", { rules: RULES.slice(0, 1) });
    expect(mended(drawn, problem("condition.empty", "n1", "rules.0.when.all"))).toBeUndefined();
  });

  it("is a step that no order reaches, unless one way is free for it", () => {
    const free = flow(["ingest", "set"], []);
    expect(ways(mended(free, problem("flow.unreached", "n2"))?.document as FlowDocument)).toEqual([
      "n1.out>n2",
    ]);
    const full = flow(["ingest", "end", "end"], ["n1.out>n2"]);
    expect(mended(full, problem("flow.unreached", "n3"))?.document.nodes).toHaveLength(2);
  });

  it("is a way from an exit that is gone", () => {
    const drawn = flow(["ingest", "end"], ["n1.out>n2", "n1.old>n2"]);
    expect(ways(mended(drawn, problem("flow.port_unknown", "n1"))?.document as FlowDocument)).toEqual([
      "n1.out>n2",
    ]);
  });
});

describe("a value that is wrong", () => {
  it("becomes the limit that it passes, or the field that was meant", () => {
    const late = set(flow(["approval"], []), "n1", { deadline_minutes: 0 });
    const done = mended(late, problem("shape.too_small", "n1", "deadline_minutes", { least: "1" }));
    expect(settingsOf(done?.document, "n1")).toEqual({ deadline_minutes: 1 });
    const typo = set(flow(["approval"], []), "n1", { title: "Over {totl}?" });
    const about = { field: "totl", nearest: "total" };
    const right = mended(typo, problem("template.unknown_field_near", "n1", "title", about));
    expect(settingsOf(right?.document, "n1")).toEqual({ title: "Over {total}?" });
  });

  it("has no remedy where a person must think", () => {
    expect(mended(flow(["set"], []), problem("flow.circle", "n1"))).toBeUndefined();
  });
});
