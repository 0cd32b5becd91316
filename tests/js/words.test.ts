import { expect, it } from "vitest";
import { wordsIn } from "../../static/src/canvas/words";

it("puts values into a text, in either language", () => {
  expect(wordsIn("en")("undoThat", { what: "Move" })).toBe("Undo: Move");
  expect(wordsIn("zh-CN")("undoThat", { what: "移动" })).toBe("撤销：移动");
});

it("leaves a place without a value visible", () => {
  expect(wordsIn("en")("undoThat")).toBe("Undo: {what}");
});
