/** Ids that are the names of what every object has: such a flow is drawn, tidied, copied and changed like any other. */

import { expect, test } from "vitest";
import { changed, difference } from "../../static/src/canvas/changes";
import { type FlowDocument, placesOf } from "../../static/src/canvas/document";
import { excerptOf, paste } from "../../static/src/canvas/excerpt";
import { missingPlaces, tidy } from "../../static/src/canvas/tidy";

const NAMES = ["__proto__", "constructor", "toString", "valueOf", "hasOwnProperty"];

const FLOW: FlowDocument = {
  format: "orderflow/1",
  key: "odd",
  name: "Odd",
  nodes: NAMES.map((id) => ({ id, type: "wait", settings: {} })),
  edges: NAMES.slice(1).map((to, place) => ({ id: to, from: NAMES[place] ?? "", port: "out", to })),
};

const ports = (): readonly string[] => ["out"];

test("each gets a place of its own", () => {
  const places = missingPlaces(FLOW, ports);
  expect(Object.keys(places).sort()).toEqual([...NAMES].sort());
  const columns = NAMES.map((id) => places[id]?.x ?? Number.NaN);
  expect(columns).toEqual([...columns].sort((one, other) => one - other));
  expect(new Set(columns).size).toBe(NAMES.length);
});

test("tidying one leaves no other without a place", () => {
  const placed = { ...FLOW, layout: { nodes: missingPlaces(FLOW, ports) } };
  const only = new Set(["constructor"]);
  expect(Object.keys(tidy(placed, ports, { only }))).toEqual(["constructor"]);
  expect(placesOf({ ...FLOW, layout: { nodes: {} } }).constructor).toBeUndefined();
});

test("their changes go out and come back, and copies stand beside them", () => {
  const placed = { ...FLOW, layout: { nodes: missingPlaces(FLOW, ports) } };
  const sent = JSON.parse(JSON.stringify(difference(FLOW, placed))) as ReturnType<typeof difference>;
  const there = changed(FLOW, sent);
  expect(placesOf(there)).toEqual(placesOf(placed));
  expect(Object.hasOwn(there.layout?.nodes ?? {}, "__proto__")).toBe(true);
  const copied = paste(placed, excerptOf(placed, new Set(NAMES)), { x: 0, y: 900 });
  expect(copied.nodes).toHaveLength(NAMES.length);
  for (const id of copied.nodes) expect(placesOf(copied.document)[id]?.y).toBeGreaterThanOrEqual(900);
});
