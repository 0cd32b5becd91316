/** What was pasted, imported or sent by a script may hold anything: it is drawn as far as it can be, and mended by hand. */

import { expect, test } from "vitest";
import { changed, difference } from "../../static/src/canvas/changes";
import { type Condition, groupOf, rowOf } from "../../static/src/canvas/conditions";
import {
  type FlowDocument,
  type Json,
  placesOf,
  removeParts,
  said,
  teamsIn,
} from "../../static/src/canvas/document";
import { readExcerpt } from "../../static/src/canvas/excerpt";
import { groupsOf, notesOf, pinnedIn } from "../../static/src/canvas/layout";

const JUNK: readonly unknown[] = [
  5,
  "x",
  true,
  null,
  [],
  [null],
  [5],
  {},
  { id: "q" },
  { id: "q", nodes: 5 },
];

const flow = (parts: object): FlowDocument =>
  ({ format: "orderflow/1", key: "a", name: "A", nodes: [], edges: [], ...parts }) as unknown as FlowDocument;

test.each(JUNK)("a layout of %j is one without notes, groups, pins and places", (junk) => {
  const wrecked = flow({ layout: { notes: junk, groups: junk, pinned: junk, nodes: { n1: junk } } });
  expect(notesOf(wrecked)).toEqual([]);
  expect(groupsOf(wrecked)).toEqual([]);
  expect([...pinnedIn(wrecked)].every((one) => typeof one === "string")).toBe(true);
  expect(Object.keys(placesOf(wrecked))).toEqual([]);
  expect(removeParts(wrecked, new Set(["n1"])).nodes).toEqual([]);
});

test.each(JUNK)("teams and names of %j are none", (junk) => {
  expect(teamsIn(flow({ teams: junk }))).toEqual([]);
  if (typeof junk !== "string") expect(said({ en: junk } as never, "en")).toBe("");
});

/** Every row of a condition, as the form walks through it; one that never ends breaks the stack. */
function rows(condition: Condition): number {
  return groupOf(condition).rows.reduce((sum, one) => {
    const row = rowOf(one);
    return sum + 1 + (row.shape === "clause" ? 0 : row.group.rows.reduce((all, part) => all + rows(part), 0));
  }, 0);
}

test.each(JUNK)("a condition of %j has an end", (junk) => {
  const part = junk as Json;
  expect(groupOf(part as Condition).rows).toEqual([]);
  const nested = { all: [part, { any: part }, { not: part }, { any_item: part }, { foo: part }] };
  expect(rows(nested)).toBeLessThan(20);
});

test("settings without a floor are not pasted", () => {
  const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
  const text = `{"format":"orderflow/excerpt-1","edges":[],"nodes":[{"id":"n1","type":"wait","settings":{"deep":${deep}}}]}`;
  expect(readExcerpt(text)).toHaveProperty("refused");
});

test("pasted notes, groups and places that are none are left out", () => {
  const nodes = [{ id: "n1", type: "wait", settings: {} }];
  const text = JSON.stringify({
    ...{ format: "orderflow/excerpt-1", nodes, edges: [], places: { n1: { x: "a" } } },
    ...{ notes: 5, groups: [{ name: "g", nodes: [5] }], teams: [null] },
  });
  expect(readExcerpt(text)).toMatchObject({ excerpt: { notes: [], groups: [], teams: [], places: {} } });
  const named = JSON.stringify({
    format: "orderflow/excerpt-1",
    nodes: [{ ...nodes[0], name: 5 }],
    edges: [],
  });
  expect(readExcerpt(named)).toMatchObject({ refused: "pasteBadStep" });
});

test.each(JUNK)("a layout list of %j changes as a whole, and what is added to it stands", (junk) => {
  const wrecked = flow({ layout: { notes: junk } });
  const note = { id: "a", text: "x", x: 0, y: 0, width: 100, height: 100 };
  const after = changed(wrecked, { "layout.notes.a": note });
  expect(notesOf(after)).toEqual([note]);
  expect(difference(wrecked, wrecked)).toEqual({});
});
