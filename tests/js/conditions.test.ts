import { describe, expect, it } from "vitest";
import {
  type Condition,
  conditionOf,
  conditionOfRow,
  fieldAt,
  groupOf,
  rowOf,
  withField,
  withOperator,
} from "../../static/src/canvas/conditions";
import { Sentences } from "../../static/src/canvas/sentence";
import { wordsIn } from "../../static/src/canvas/words";
import { PALETTE, ROUTE } from "./samples";

const OVER: Condition = { field: "total", op: "gt", value: { amount: "5000.00", currency: "CNY" } };
const CUSTOM: Condition = { any_item: { all: [{ field: "custom", op: "is_true" }] } };

describe("a condition on the form", () => {
  it.each<[string, Condition]>([
    ["all", { all: [OVER, CUSTOM] }],
    ["any", { any: [OVER] }],
    ["none", { not: { any: [OVER, CUSTOM] } }],
    ["not all", { not: { all: [OVER] } }],
    ["nested", { all: [{ any: [OVER, { not: { all: [CUSTOM] } }] }] }],
  ])("comes back as it was: %s", (_, condition) => {
    const group = groupOf(condition);
    const rows = group.rows.map((row) => conditionOfRow(rowOf(row)));
    expect(conditionOf({ ...group, rows })).toEqual(condition);
  });

  it("shows a bare clause as a group of one", () => {
    expect(groupOf(OVER)).toEqual({ mode: "all", rows: [OVER] });
  });

  it("turns around what is negated bare", () => {
    expect(groupOf({ not: OVER })).toEqual({ mode: "notall", rows: [OVER] });
  });

  it("keeps the amount when only the comparison changes", () => {
    const total = fieldAt(PALETTE, "total", "order");
    if (total === undefined) throw new Error("total is a field");
    const row = rowOf(OVER);
    if (row.shape !== "clause") throw new Error("it is a clause");
    expect(withOperator(PALETTE, row.clause, "le", total)).toEqual({ ...OVER, op: "le" });
    expect(withOperator(PALETTE, row.clause, "known", total)).toEqual({ field: "total", op: "known" });
  });

  it("never carries an amount over to a field of another kind", () => {
    const note = fieldAt(PALETTE, "note", "order");
    const row = rowOf(OVER);
    if (note === undefined || row.shape !== "clause") throw new Error("note is a field");
    expect(withField(PALETTE, row.clause, note)).toEqual({ field: "note", op: "eq", value: "" });
  });

  it("makes a list of a single value, and a value of a list", () => {
    const note = fieldAt(PALETTE, "note", "order");
    if (note === undefined) throw new Error("note is a field");
    const listed = withOperator(PALETTE, { field: "note", op: "eq", value: "a" }, "in", note);
    expect(listed.value).toEqual(["a"]);
    expect(withOperator(PALETTE, listed, "eq", note).value).toBe("a");
  });

  it("knows free attributes by their own name", () => {
    expect(fieldAt(PALETTE, "attributes.colour", "order")).toMatchObject({ kind: "any", label: "colour" });
    expect(fieldAt(PALETTE, "nonsense", "order")).toBeUndefined();
  });
});

describe("a condition in one line", () => {
  const sentences = new Sentences(PALETTE, wordsIn("en"), "en");

  it("is told in the words of the form", () => {
    expect(sentences.condition({ all: [OVER, CUSTOM] })).toBe(
      "order total is more than 5,000.00 CNY and an item where made to order is yes",
    );
  });

  it("stands on the card of a route with one rule", () => {
    expect(sentences.summary(ROUTE, { rules: [{ id: "r1", when: OVER }] })).toBe(
      "order total is more than 5,000.00 CNY",
    );
  });
});
