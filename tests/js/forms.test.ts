import { describe, expect, it } from "vitest";
import { findings } from "../../static/src/canvas/form/checks";
import { matching } from "../../static/src/canvas/form/picker";
import { filled } from "../../static/src/canvas/form/samples";
import { othersIn } from "../../static/src/canvas/form/template-field";
import type { Schema } from "../../static/src/canvas/palette-types";

const SCHEMA: Schema = {
  type: "object",
  required: ["to"],
  properties: {
    to: { type: "string", minLength: 1, maxLength: 5 },
    minutes: { type: "integer", minimum: 1, maximum: 60 },
    at: { type: "string", pattern: "^\\d\\d:\\d\\d$" },
    hidden: { type: "integer", minimum: 5, "x-when": { to: ["x"] } },
    rules: { type: "array", minItems: 1, items: { properties: { when: { format: "condition" } } } },
  },
};

const told = (settings: Parameters<typeof findings>[1]): string[] =>
  findings(SCHEMA, settings).map(({ where, word }) => `${where} ${word}`);

describe("what is told while somebody types", () => {
  it("is what the schema asks for: filled in, in range, of this length, so written", () => {
    expect(told({})).toEqual(["to asksFilling"]);
    expect(told({ to: "abcdef" })).toEqual(["to asksShorter"]);
    expect(told({ to: "a", minutes: 0, at: "9" })).toEqual(["minutes asksAtLeast", "at asksPattern"]);
    expect(told({ to: "a", minutes: 61, rules: [] })).toEqual(["minutes asksAtMost", "rules asksMore"]);
  });

  it("counts letters as people do, and asks nothing of what is not shown", () => {
    expect(told({ to: "𠮷𠮷𠮷𠮷𠮷", hidden: 1 })).toEqual([]);
    expect(told({ to: "x", hidden: 1 })).toEqual(["hidden asksAtLeast"]);
  });

  it("stands at the very clause of a condition", () => {
    const amount = (value: string) => ({
      field: "total",
      op: "gt",
      value: { amount: value, currency: "CNY" },
    });
    const when = {
      all: [amount("5"), { any: [amount("abc")] }, { any_item: { not: { any: [amount("")] } } }],
    };
    expect(told({ to: "x", hidden: 9, rules: [{ when }] })).toEqual([
      "rules.0.when.all.1.any.0.value asksAmount",
      "rules.0.when.all.2.any_item.not.any.0.value asksAmount",
    ]);
  });
});

describe("a picker", () => {
  const picks = [
    { key: "buyer.name", label: "buyer name", detail: "张**" },
    { key: "total", label: "order total", detail: "¥80.00" },
    { key: "note", label: "note of the order" },
  ];

  it("finds by name, by key and by sample value, what begins so first", () => {
    expect(matching(picks, "ORDER").map((one) => one.key)).toEqual(["total", "note"]);
    expect(matching(picks, "note")[0]?.key).toBe("note");
    expect(matching(picks, "80")[0]?.key).toBe("total");
    expect(matching(picks, "zzz")).toEqual([]);
  });
});

it("shows a message with what an order holds, as each language writes it, and never evaluates it", () => {
  const shown = { number: "A-1", values: { en: { total: "CN¥80.00" }, "zh-CN": { total: "¥80.00" } } };
  const samples = { order: {}, item: {}, attributes: [], shown };
  expect(filled("{total} for {buyer.none} {{x}}", samples, "zh-CN")).toBe("¥80.00 for – {–}");
  expect(filled("{total}", samples, "en")).toBe("CN¥80.00");
  expect(othersIn({ en: "Hello", "zh-CN": "你好" }, "en")).toEqual([["zh-CN", "你好"]]);
  expect([othersIn("Hello", "en"), othersIn(null, "en")]).toEqual([[], []]);
});
