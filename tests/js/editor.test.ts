import { beforeEach, describe, expect, it } from "vitest";
import { Editor } from "../../static/src/canvas/editor";
import { neighbour, reached } from "../../static/src/canvas/editing/walking";
import { wordsIn } from "../../static/src/canvas/words";
import { flow, PALETTE, ROUTE, ways } from "./samples";

let editor: Editor;

function kindNamed(name: string) {
  const kind = PALETTE.kinds.find((one) => one.kind === name);
  if (kind === undefined) throw new Error(`no kind ${name}`);
  return kind;
}

beforeEach(() => {
  const document = flow(["ingest", "set", "end"], ["n1.out>n2", "n2.out>n3"]);
  editor = new Editor(document, PALETTE, "en", wordsIn("en"));
});

describe("adding", () => {
  it("joins a step to the way out that asked for it", () => {
    const id = editor.add(ROUTE, { after: { node: "n2", port: "out" } });
    expect(ways(editor.document)).toContain(`n2.out>${id}`);
    expect([...editor.selected]).toEqual([id]);
  });

  it("begins with what the schema asks for at least", () => {
    const id = editor.add(ROUTE, { near: { x: 0, y: 400 } }) ?? "";
    expect(editor.portIds(id)).toEqual(["r1", "else", "unclear"]);
  });

  it("never lays one card on another", () => {
    for (let count = 0; count < 5; count += 1) editor.add(kindNamed("set"), { near: { x: 0, y: 0 } });
    const rects = editor.document.nodes.map((node) => editor.rectOf(node.id));
    for (const one of rects) {
      const covered = rects.filter(
        (other) =>
          other.x < one.x + one.width &&
          one.x < other.x + other.width &&
          other.y < one.y + one.height &&
          one.y < other.y + other.height,
      );
      expect(covered).toEqual([one]);
    }
  });

  it("makes room where a step is put between two that stand close", () => {
    const before = editor.placeOf("n3").x;
    editor.add(kindNamed("set"), { on: "e2" });
    expect(editor.placeOf("n3").x).toBeGreaterThan(before);
  });

  it("allows one start only, by palette or by paste", () => {
    expect(editor.add(kindNamed("ingest"), { near: { x: 0, y: 300 } })).toBeUndefined();
    editor.select(["n1", "n2"]);
    expect(editor.duplicate()).toBe(1);
  });
});

describe("undoing", () => {
  it("brings back steps, edges and places, whatever was done", () => {
    const before = editor.document;
    editor.select(["n2"]);
    editor.remove(true);
    editor.add(ROUTE, { near: { x: 0, y: 300 } });
    editor.tidy();
    for (let count = 0; count < 3; count += 1) editor.undo();
    expect(editor.document).toBe(before);
    for (let count = 0; count < 3; count += 1) editor.redo();
    expect(ways(editor.document)).toEqual(["n1.out>n3"]);
  });

  it("lets go of selected steps that are no longer there", () => {
    const id = editor.add(ROUTE, { near: { x: 0, y: 300 } }) ?? "";
    expect(editor.selected.has(id)).toBe(true);
    editor.undo();
    expect(editor.selected.size).toBe(0);
  });
});

it("does not lead an edge into the start or into the step that it comes from", () => {
  const before = editor.document;
  editor.connect("n2", "out", "n1");
  editor.connect("n2", "out", "n2");
  expect(editor.document).toBe(before);
});

it("changes nothing for somebody who may only look", () => {
  const viewer = new Editor(editor.document, PALETTE, "en", wordsIn("en"), true);
  viewer.select(["n2"]);
  viewer.remove();
  viewer.tidy();
  expect(viewer.document.nodes).toHaveLength(3);
});

it("walks along the edges with the arrow keys, and gathers all that follows", () => {
  expect(neighbour(editor, "n1", "ArrowRight")).toBe("n2");
  expect(neighbour(editor, "n2", "ArrowLeft")).toBe("n1");
  expect(neighbour(editor, "n3", "ArrowRight")).toBeUndefined();
  expect([...reached(editor, "n2", true)]).toEqual(["n2", "n3"]);
});
