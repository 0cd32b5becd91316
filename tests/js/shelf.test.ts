/** What the browser keeps of a draft outlives the page, whatever other pages, other people and full stores do. */

import { expect, test } from "vitest";
import type { BrowserStore } from "../../static/src/canvas/browser-store";
import { type Line, oneLoad } from "../../static/src/canvas/log";
import { Shelf } from "../../static/src/canvas/shelf";

function store(most = Number.POSITIVE_INFINITY): BrowserStore & { readonly kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => {
      if (value.length > most) throw new Error("full");
      kept.set(key, value);
    },
    removeItem: (key) => void kept.delete(key),
    keys: () => [...kept.keys()],
  };
}

const line = (id: string, text = "x"): Line => ({
  id,
  kind: "do",
  label: id,
  change: { name: text },
  back: { name: "before" },
});
const ids = (lines: readonly Line[]): string[] => lines.map((one) => one.id);

test("two pages that are closed without a connection both leave their changes", () => {
  const browser = store();
  new Shelf(browser, "draft.lin", "one").write([line("a")]);
  new Shelf(browser, "draft.lin", "two").write([line("b"), line("a")]);
  expect(ids(new Shelf(browser, "draft.lin", "three").takeOver()).sort()).toEqual(["a", "b"]);
  expect(browser.keys()).toEqual(["draft.lin#three"]);
});

test("a page that has saved its own clears nothing of another", () => {
  const browser = store();
  new Shelf(browser, "draft.lin", "one").write([line("a")]);
  new Shelf(browser, "draft.lin", "two").write([]);
  expect(ids(new Shelf(browser, "draft.lin", "three").takeOver())).toEqual(["a"]);
});

test("another person's changes are left alone, however they are called", () => {
  const browser = store();
  new Shelf(browser, "draft.lin.yue", "one").write([line("a")]);
  expect(new Shelf(browser, "draft.lin", "two").takeOver()).toEqual([]);
  expect(browser.keys()).toEqual(["draft.lin.yue#one"]);
});

test("what is no change is left out, and what is one comes in", () => {
  const browser = store();
  for (const [page, text] of Object.entries({ a: "{", b: "null", c: '{"id":1}', d: "[]" }))
    browser.setItem(`draft.lin#${page}`, text);
  const wrecks = [null, 5, {}, { id: "w" }, { ...line("w"), change: null }, { ...line("w"), kind: "else" }];
  browser.setItem("draft.lin#e", JSON.stringify([...wrecks, line("good")]));
  expect(ids(new Shelf(browser, "draft.lin", "two").takeOver())).toEqual(["good"]);
});

test("a full store says that it holds nothing, and loses nothing that lies in it", () => {
  const browser = store(140);
  new Shelf(browser, "draft.lin", "one").write([line("a")]);
  new Shelf(browser, "draft.lin", "two").write([line("b")]);
  const shelf = new Shelf(browser, "draft.lin", "three");
  expect(ids(shelf.takeOver()).sort()).toEqual(["a", "b"]);
  expect(shelf.holds).toBe(false);
  expect(browser.keys()).toEqual(["draft.lin#one", "draft.lin#two"]);
});

test("large changes go out one after the other, and one alone goes whatever its size", () => {
  const large = "x".repeat(900_000);
  const lines = [line("a", large), line("b", large), line("c"), line("d", large)];
  expect(ids(oneLoad(lines))).toEqual(["a"]);
  expect(ids(oneLoad(lines.slice(1)))).toEqual(["b", "c"]);
  expect(ids(oneLoad([line("a", large + large)]))).toEqual(["a"]);
  expect(oneLoad(Array.from({ length: 500 }, (_, at) => line(String(at))))).toHaveLength(200);
});
