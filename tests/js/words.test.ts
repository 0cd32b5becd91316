import { expect, it } from "vitest";
import { wordsIn } from "../../static/src/canvas/words";
import * as rooms from "../../static/src/canvas/words/rooms";

it("puts values into a text, in either language", () => {
  expect(wordsIn("en")("undoThat", { what: "Move" })).toBe("Undo: Move");
  expect(wordsIn("zh-CN")("undoThat", { what: "移动" })).toBe("撤销：移动");
});

it("leaves a place without a value visible", () => {
  expect(wordsIn("en")("undoThat")).toBe("Undo: {what}");
});

it("tells no word twice: each belongs to one room", () => {
  const told = Object.values(rooms).flatMap((room) => Object.keys(room.en));
  expect(told.filter((word, index) => told.indexOf(word) !== index)).toEqual([]);
});
