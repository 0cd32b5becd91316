import { expect, it } from "vitest";
import { History } from "../../static/src/canvas/history";

it("goes back step by step and forward again", () => {
  const history = new History("a");
  history.record("b", "to b");
  history.record("c", "to c");
  expect(history.undo()).toBe("to c");
  expect(history.undo()).toBe("to b");
  expect(history.present).toBe("a");
  expect(history.undo()).toBeUndefined();
  expect(history.redo()).toBe("to b");
  expect(history.present).toBe("b");
});

it("takes a row of letters typed into one field back at once", () => {
  const history = new History("");
  for (const text of ["5", "50", "500"]) history.record(text, "typing", "amount");
  history.undo();
  expect(history.present).toBe("");
});

it("keeps two fields apart", () => {
  const history = new History("");
  history.record("one", "typing", "first");
  history.record("two", "typing", "second");
  history.undo();
  expect(history.present).toBe("one");
});

it("forgets what was undone as soon as something new is done", () => {
  const history = new History("a");
  history.record("b", "to b");
  history.undo();
  history.record("c", "to c");
  expect(history.redoLabel).toBeUndefined();
});
