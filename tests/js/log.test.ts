import { expect, it } from "vitest";
import { changed, difference, wayBack } from "../../static/src/canvas/changes";
import { connect, type FlowDocument, placeNodes, removeParts } from "../../static/src/canvas/document";
import { type Line, Log, type NumberedLine } from "../../static/src/canvas/log";

const FLOW: FlowDocument = {
  format: "orderflow/1",
  key: "trial",
  name: "Trial",
  nodes: [
    { id: "in", type: "ingest", settings: {} },
    { id: "end", type: "end", settings: {} },
  ],
  edges: [{ id: "e1", from: "in", port: "out", to: "end" }],
  layout: { nodes: { in: { x: 0, y: 0 }, end: { x: 400, y: 0 } } },
};

const same = (document: FlowDocument): FlowDocument => document;
const named = (name: string): FlowDocument => ({ ...FLOW, name });
const done = (label: string, series?: string): Pick<Line, "kind" | "label" | "series"> => ({
  kind: "do",
  label,
  ...(series !== undefined && { series }),
});
const numbered = (lines: readonly Line[], from = 1): NumberedLine[] =>
  lines.map((line, index) => ({ ...line, number: from + index }));

it("tells a move of one step as one cell and takes it back", () => {
  const moved = placeNodes(FLOW, { in: { x: 8, y: 8 } });
  const change = difference(FLOW, moved);
  expect(change).toEqual({ "layout.nodes.in": { x: 8, y: 8 } });
  expect(changed(moved, wayBack(FLOW, change))).toEqual(FLOW);
});

it("leaves what a change does not touch the same object", () => {
  const after = changed(FLOW, { "nodes.end": { id: "end", type: "end", settings: { result: "done" } } });
  expect(after.nodes[0]).toBe(FLOW.nodes[0]);
  expect(after.edges).toBe(FLOW.edges);
});

it("tells a removed step with its edges and its place, and brings them back", () => {
  const less = removeParts(FLOW, new Set(["end"]));
  const change = difference(FLOW, less);
  expect(change).toEqual({ "nodes.end": null, "edges.e1": null, "layout.nodes.end": null });
  expect(changed(less, wayBack(FLOW, change))).toEqual(FLOW);
});

it("keeps letters of one field as one line, but never changes a line that is on its way", () => {
  const log = new Log(FLOW, []);
  log.note(named("T"), done("name", "flow-name"), 0);
  log.note(named("Te"), done("name", "flow-name"), 0);
  expect(log.pending.map((line) => line.change)).toEqual([{ name: "Te" }]);
  expect(log.pending[0]?.back).toEqual({ name: "Trial" });
  log.note(named("Tes"), done("name", "flow-name"), 1);
  expect(log.pending.map((line) => line.change)).toEqual([{ name: "Te" }, { name: "Tes" }]);
});

it("undoes on another page what was done on this one", () => {
  const here = new Log(FLOW, []);
  here.note(named("A"), done("to A"), 0);
  here.note(named("B"), done("to B"), 0);
  here.note(named("A"), { kind: "undo", label: "to B" }, 0);
  const there = new Log(named("A"), numbered(here.pending)).history(same);
  expect(there.present.name).toBe("A");
  expect([there.undoLabel, there.redoLabel]).toEqual(["to A", "to B"]);
  there.undo();
  expect(there.present.name).toBe("Trial");
  there.redo();
  there.redo();
  expect(there.present.name).toBe("B");
});

it("lays its own changes over those of another page", () => {
  const other = new Log(FLOW, []);
  other.note(placeNodes(FLOW, { in: { x: 8, y: 8 } }), done("move"), 0);
  const mine = new Log(FLOW, []);
  mine.note(named("Mine"), done("name"), 0);
  mine.takeIn(numbered(other.pending));
  const shown = mine.history(same).present;
  expect(shown.name).toBe("Mine");
  expect(shown.layout?.nodes?.in).toEqual({ x: 8, y: 8 });
  expect(mine.pending).toHaveLength(1);
});

it("knows its own change when the server tells it back, so that nothing is done twice", () => {
  const log = new Log(FLOW, []);
  log.note(connect(FLOW, "in", "late", "end"), done("connect"), 0);
  log.takeIn(numbered(log.pending));
  expect(log.pending).toEqual([]);
  expect(log.history(same).present.edges).toHaveLength(2);
});
