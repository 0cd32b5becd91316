import { beforeEach, describe, expect, it } from "vitest";
import { align, distribute, isInside } from "../../static/src/canvas/editing/arrange";
import { type Command, Commands } from "../../static/src/canvas/editing/commands";
import { pieces } from "../../static/src/canvas/editing/finding";
import { best } from "../../static/src/canvas/editing/fuzzy";
import { chordOf, Keymap, shown, type Store } from "../../static/src/canvas/editing/keymap";
import { find, passagesOf } from "../../static/src/canvas/editing/searchable";
import { Shaping } from "../../static/src/canvas/editing/shaping";
import { Editor } from "../../static/src/canvas/editor";
import { excerptOf, paste, readExcerpt } from "../../static/src/canvas/excerpt";
import { groupOf, groupsOf, notesOf, pin, pinnedIn } from "../../static/src/canvas/layout";
import { overlaps } from "../../static/src/canvas/shape";
import { wordsIn } from "../../static/src/canvas/words";
import { flow, PALETTE, ways } from "./samples";

let editor: Editor;
let shaping: Shaping;

beforeEach(() => {
  const document = flow(["ingest", "set", "set", "end"], ["n1.out>n2", "n2.out>n3", "n3.out>n4"]);
  editor = new Editor(document, PALETTE, "en", wordsIn("en"));
  shaping = new Shaping(editor);
});

function press(
  key: string,
  held: Partial<Record<"ctrlKey" | "altKey" | "shiftKey", boolean>> = {},
  code = "",
) {
  return { key, code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held };
}

describe("keys", () => {
  it("are called as they are printed, whatever the script of the keyboard", () => {
    expect(chordOf(press("z", { ctrlKey: true, shiftKey: true }))).toBe("Ctrl+Shift+Z");
    expect(chordOf(press("?", { shiftKey: true }))).toBe("?");
    expect(chordOf(press("я", { ctrlKey: true }, "KeyZ"))).toBe("Ctrl+Z");
    expect(chordOf(press("Shift", { shiftKey: true }))).toBe("");
    expect([shown("Ctrl+Shift+Z"), shown("+"), shown("Ctrl++")]).toEqual(["Ctrl ⇧ Z", "+", "Ctrl +"]);
  });

  function command(id: string, keys: readonly string[]): Command {
    return { id, word: "undo", field: "edit", keys, run: () => {} };
  }

  it("are taken from the command that had them, are kept, and come back", () => {
    const kept = new Map<string, string>();
    const store: Store = {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => void kept.set(name, value),
    };
    const commands = new Commands(new Keymap(store, "keys"), wordsIn("en"), false);
    commands.add(command("one", ["A", "B"]), command("other", ["C"]));
    commands.bind("other", "A");
    expect(commands.at("A")?.id).toBe("other");
    expect(commands.at("B")?.id).toBe("one");
    expect(new Keymap(store, "keys").keysOf(command("other", ["C"]))).toEqual(["A"]);
    commands.keymap.reset();
    expect([commands.at("A")?.id, commands.at("C")?.id]).toEqual(["one", "other"]);
  });

  it("that somebody has spoiled in the browser's store count as not there", () => {
    const store: Store = { getItem: () => '{"one":7,"other":["X"]}', setItem: () => {} };
    const keymap = new Keymap(store, "keys");
    expect(keymap.keysOf(command("one", ["A"]))).toEqual(["A"]);
    expect(keymap.keysOf(command("other", ["C"]))).toEqual(["X"]);
  });
});

it("finds by a few letters, whole words before scattered ones", () => {
  const names = ["Space out across", "Add: Approval", "Approve", "Apple pie"];
  expect(best("app", names, (name) => name)).toEqual(["Approve", "Apple pie", "Add: Approval"]);
  expect(best("aprv", names, (name) => name)).toEqual(["Approve", "Add: Approval"]);
  expect(best("审批", ["添加：审批", "通知"], (name) => name)).toEqual(["添加：审批"]);
});

describe("arranging", () => {
  const bodies = [
    { id: "a", rect: { x: 0, y: 0, width: 100, height: 40 } },
    { id: "b", rect: { x: 300, y: 20, width: 60, height: 80 } },
    { id: "c", rect: { x: 130, y: 90, width: 100, height: 40 } },
  ];

  it("lines up by edges and middles", () => {
    expect([...align(bodies, "right")]).toEqual([
      ["a", { x: 260, y: 0 }],
      ["c", { x: 260, y: 90 }],
    ]);
    expect(align(bodies, "middle").get("b")).toEqual({ x: 300, y: 25 });
  });

  it("makes the gaps between equal and leaves the outermost", () => {
    const places = distribute(bodies, "across");
    expect([...places]).toEqual([["c", { x: 150, y: 90 }]]);
  });

  it("is one step to undo, and moves notes too", () => {
    const note = shaping.addNote({ x: 40, y: 400 });
    const before = editor.document;
    editor.select(["n1", "n3"], [note]);
    shaping.align("left");
    expect([editor.placeOf("n3").x, notesOf(editor.document)[0]?.x]).toEqual([0, 0]);
    editor.undo();
    expect(editor.document).toBe(before);
  });

  it("knows what the lasso was drawn around", () => {
    const loop = [
      { x: 0, y: 0 },
      { x: 100, y: 0 },
      { x: 100, y: 100 },
      { x: 50, y: 20 },
      { x: 0, y: 100 },
    ];
    expect(isInside({ x: 20, y: 30 }, loop)).toBe(true);
    expect(isInside({ x: 50, y: 60 }, loop)).toBe(false);
  });
});

describe("tidying", () => {
  it("goes down where it is asked to", () => {
    editor.tidy({ direction: "down" });
    const levels = ["n1", "n2", "n3", "n4"].map((id) => editor.placeOf(id).y);
    expect(levels).toEqual([...levels].sort((one, other) => one - other));
    expect(new Set(levels).size).toBe(4);
  });

  it("leaves pinned steps where they are, and lays nothing over them", () => {
    editor.move({ n2: { x: 1234, y: 567 }, n3: { x: 1240, y: 570 } });
    editor.change(pin(editor.document, ["n2"], true), "Pin");
    editor.tidy();
    expect(editor.placeOf("n2")).toEqual({ x: 1234, y: 567 });
    const pinned = editor.rectOf("n2");
    for (const id of ["n1", "n3", "n4"]) expect(overlaps(pinned, editor.rectOf(id))).toBe(false);
  });

  it("of a part leaves the others", () => {
    editor.move({ n2: { x: 700, y: 900 }, n3: { x: 400, y: 950 } });
    editor.tidy({ only: new Set(["n2", "n3"]) });
    expect(editor.placeOf("n1")).toEqual({ x: 0, y: 0 });
    expect(editor.placeOf("n2").x).toBe(400);
    expect(editor.placeOf("n3").x).toBeGreaterThan(400);
  });

  it("keeps a group together, with no other step in its frame", () => {
    editor.select(["n1", "n3"]);
    shaping.group();
    editor.tidy();
    const [one, other] = [editor.rectOf("n1"), editor.rectOf("n3")];
    const between = { x: one.x, y: Math.min(one.y, other.y), width: other.x - one.x, height: 60 };
    expect(overlaps(between, editor.rectOf("n2"))).toBe(false);
  });

  it("takes notes along with the cards that they stand beside", () => {
    editor.move({ n4: { x: 3000, y: 3000 } });
    const note = shaping.addNote({ x: 3000, y: 2850 });
    editor.tidy();
    const paper = notesOf(editor.document).find((one) => one.id === note);
    expect(paper?.x).toBe(editor.placeOf("n4").x);
  });
});

describe("groups", () => {
  it("hold a step once, and vanish with their last step", () => {
    editor.select(["n1", "n2"]);
    shaping.group();
    editor.select(["n2", "n3"]);
    shaping.group();
    expect(groupOf(editor.document, "n2")?.name).toBe("Group 2");
    editor.select(["n1"]);
    editor.remove();
    expect(groupsOf(editor.document).map((group) => group.name)).toEqual(["Group 2"]);
  });

  it("are let go of with their pins when their steps are deleted, and come back by undo", () => {
    editor.select(["n2", "n3"]);
    shaping.group();
    shaping.togglePin();
    const before = editor.document;
    editor.remove(true);
    expect(editor.document.layout).not.toHaveProperty("groups");
    expect(pinnedIn(editor.document).size).toBe(0);
    expect(ways(editor.document)).toEqual(["n1.out>n4"]);
    editor.undo();
    expect(editor.document).toBe(before);
  });
});

describe("members of a group", () => {
  it("come in when something is inserted between two of them or grouped with them, and can leave", () => {
    editor.select(["n1", "n2"]);
    shaping.group();
    const kind = PALETTE.kinds.find((one) => one.kind === "set");
    if (kind === undefined) throw new Error("no set");
    const id = editor.add(kind, { on: "e1" }) ?? "";
    expect(groupOf(editor.document, id)?.nodes).toEqual(["n1", "n2", id]);
    editor.select(["n1", "n2", id, "n3"]);
    shaping.group();
    expect(groupsOf(editor.document)).toMatchObject([{ name: "Group 1", nodes: ["n1", "n2", id, "n3"] }]);
    editor.select(["n1"]);
    shaping.leaveGroup();
    expect(groupOf(editor.document, "n1")).toBeUndefined();
    expect(editor.document.nodes).toHaveLength(5);
  });
});

describe("copying", () => {
  it("brings notes, groups and the teams that the steps name into another flow", () => {
    const settings = { who: { kind: "team", value: "night" } };
    const named = { ...editor.document, teams: [{ key: "night", name: "Night shift" }, { key: "day" }] };
    editor.change(
      { ...named, nodes: named.nodes.map((node) => (node.id === "n2" ? { ...node, settings } : node)) },
      "",
    );
    editor.select(["n2", "n3"]);
    shaping.group();
    const note = shaping.addNote({ x: 320, y: -200 }, "ask first");
    const text = JSON.stringify(excerptOf(editor.document, new Set(["n2", "n3"]), new Set([note])));
    const read = readExcerpt(text);
    if ("refused" in read) throw new Error(read.refused);
    const other = paste(flow(["ingest"], []), read.excerpt, { x: 0, y: 600 }).document;
    expect(ways(other)).toEqual(["n2.out>n3"]);
    expect(notesOf(other)).toMatchObject([{ text: "ask first", x: 0, y: 600 }]);
    expect(groupsOf(other)).toMatchObject([{ name: "Group 1", nodes: ["n2", "n3"] }]);
    expect(other.teams).toEqual([{ key: "night", name: "Night shift" }]);
  });

  it("takes a whole flow in, but no second start", () => {
    const read = readExcerpt(JSON.stringify(flow(["ingest", "set", "end"], ["n1.out>n2", "n2.out>n3"])));
    if ("refused" in read) throw new Error(read.refused);
    expect(editor.paste(read.excerpt, { x: 0, y: 500 })).toEqual({ nodes: 2, notes: 0, left: 1 });
    expect(editor.document.nodes).toHaveLength(6);
  });

  it.each([
    ["<definitions xmlns='bpmn'/>", "pasteMarkup"],
    ['{"nodes":[],"connections":{}}', "pasteN8n"],
    ['[{"id":"1","wires":[]}]', "pasteNodeRed"],
    ['{"format":"orderflow/9"}', "pasteOtherVersion"],
    ['{"format":"orderflow/1","nodes":[{"id":"a"}],"edges":[]}', "pasteBadStep"],
    ['{"format":"orderflow/1","nodes":[{"id":"a","type":"set"}],"edges":[{"from":"a"}]}', "pasteBadWay"],
    ['{"format":"orderflow/1","nodes":[],"edges":[]}', "pasteEmpty"],
  ])("refuses %s with the reason", (text, refused) => {
    expect(readExcerpt(text)).toMatchObject({ refused });
  });
});

describe("finding", () => {
  it("looks into names, conditions as they read, notes and groups", () => {
    const when = { all: [{ field: "total", op: "gt", value: { amount: "5000.00", currency: "CNY" } }] };
    const kind = PALETTE.kinds.find((one) => one.kind === "route");
    if (kind === undefined) throw new Error("no route");
    const id = editor.add(kind, { near: { x: 0, y: 300 } }) ?? "";
    editor.setSettings(id, { rules: [{ id: "r1", name: "big", when }] });
    editor.rename("n2", "Mark the urgent");
    shaping.addNote({ x: 0, y: 0 }, "ask finance");
    const passages = passagesOf(editor, ["n1", "n2", "n3", "n4", id]);
    expect(find(passages, "5,000 more")).toMatchObject([{ home: { id }, where: "rules.0.when" }]);
    expect(find(passages, "URGENT")).toMatchObject([{ home: { kind: "node", id: "n2" } }]);
    expect(find(passages, "finance")).toMatchObject([{ home: { kind: "note" } }]);
    expect(find(passages, "nowhere")).toEqual([]);
  });

  it("shows the text around what was found, and marks every place", () => {
    const found = pieces(`${"x".repeat(100)} ask finance, then finance again`, "finance");
    expect(found.filter((piece) => piece.isFound)).toHaveLength(2);
    expect(found[0]?.text.startsWith("…")).toBe(true);
  });
});
