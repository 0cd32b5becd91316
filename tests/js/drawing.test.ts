import { describe, expect, it } from "vitest";
import type { Place } from "../../static/src/canvas/document";
import { placesOf } from "../../static/src/canvas/document";
import { portsOf, mainPort } from "../../static/src/canvas/ports";
import { distanceTo, route } from "../../static/src/canvas/route";
import {
  CARD_WIDTH,
  cardRect,
  entryOf,
  exitOf,
  overlaps,
  type Rect,
  spanOf,
} from "../../static/src/canvas/shape";
import { snap } from "../../static/src/canvas/snap";
import { missingPlaces, tidy } from "../../static/src/canvas/tidy";
import { CALL, flow, ROUTE } from "./samples";

function crossed(way: readonly Place[], card: Rect): boolean {
  return way.some((point, index) => {
    const before = way[index - 1];
    if (before === undefined) return false;
    return overlaps(spanOf(before, point), card, -3);
  });
}

describe("ports", () => {
  it("follow the rules of a route, in their order, with else behind them", () => {
    const settings = { rules: [{ id: "big", name: { en: "Big", "zh-CN": "大额" } }, { id: "r2" }] };
    expect(portsOf(ROUTE, settings, "zh-CN").map((port) => port.label)).toEqual([
      "大额",
      "r2",
      "else",
      "unclear",
    ]);
  });

  it("lead on by the way that is no failure", () => {
    expect(mainPort(portsOf(CALL, {}, "en"))).toBe("ok");
  });

  it("are none for a type that nobody knows", () => {
    expect(portsOf(undefined, {}, "en")).toEqual([]);
  });
});

describe("the way of an edge", () => {
  const from = exitOf({ x: 0, y: 0 }, 0, 1);

  it("is straight between cards on one level", () => {
    expect(route(from, entryOf({ x: 400, y: 0 }), [])).toEqual([]);
  });

  it("has right angles only", () => {
    const to = entryOf({ x: 400, y: 240 });
    const way = [from, ...route(from, to, []), to];
    for (let index = 1; index < way.length; index += 1) {
      const [one, other] = [way[index - 1], way[index]];
      expect(one?.x === other?.x || one?.y === other?.y).toBe(true);
    }
  });

  it("goes around a card in between", () => {
    const cards = [
      { x: 0, y: 0 },
      { x: 400, y: 0 },
      { x: 800, y: 0 },
    ].map((place) => cardRect(place, 1));
    const to = entryOf({ x: 800, y: 0 });
    const way = [from, ...route(from, to, cards), to];
    expect(crossed(way, cards[1] as Rect)).toBe(false);
  });

  it("goes back around its own two cards", () => {
    const cards = [cardRect({ x: 0, y: 0 }, 3), cardRect({ x: 400, y: 0 }, 3)];
    const [start, end] = [exitOf({ x: 400, y: 0 }, 1, 3), entryOf({ x: 0, y: 0 })];
    const way = [start, ...route(start, end, cards), end];
    for (const card of cards) expect(crossed(way, card)).toBe(false);
  });

  it("is found by a point near it", () => {
    expect(
      distanceTo(
        [
          { x: 0, y: 0 },
          { x: 100, y: 0 },
        ],
        { x: 50, y: 7 },
      ),
    ).toBe(7);
  });
});

describe("tidying up", () => {
  const ports = (node: string): readonly string[] => (node === "n2" ? ["a", "b", "else"] : ["out"]);
  const document = flow(
    ["ingest", "route", "set", "set", "set", "end"],
    ["n1.out>n2", "n2.a>n3", "n2.b>n4", "n2.else>n5", "n3.out>n6", "n4.out>n6", "n5.out>n6"],
  );

  it("leads every edge to the right and lays no card on another", () => {
    const places = tidy(document, ports);
    for (const edge of document.edges) {
      expect((places[edge.to] as Place).x).toBeGreaterThan((places[edge.from] as Place).x + CARD_WIDTH);
    }
    const rects = document.nodes.map((node) => cardRect(places[node.id] as Place, ports(node.id).length));
    rects.forEach((one, index) => {
      rects.slice(index + 1).forEach((other) => {
        expect(overlaps(one, other)).toBe(false);
      });
    });
  });

  it("stands branches in the order of their ways out", () => {
    const places = tidy(document, ports);
    const levels = ["n3", "n4", "n5"].map((id) => (places[id] as Place).y);
    expect([...levels].sort((one, other) => one - other)).toEqual(levels);
  });

  it("gives a place to what has none and moves nothing else", () => {
    const before = { ...document, layout: { nodes: { n1: { x: 5, y: 7 } } } };
    const missing = missingPlaces(before, ports);
    expect(Object.keys(missing).sort()).toEqual(["n2", "n3", "n4", "n5", "n6"]);
    expect(placesOf(before).n1).toEqual({ x: 5, y: 7 });
  });

  it("copes with a circle", () => {
    const circle = flow(["set", "set"], ["n1.out>n2", "n2.out>n1"]);
    expect(Object.keys(tidy(circle, () => ["out"]))).toHaveLength(2);
  });
});

describe("snapping", () => {
  it("falls into line with the level of the ways of another card", () => {
    const moving = cardRect({ x: 400, y: 4 }, 1);
    const found = snap(moving, [cardRect({ x: 0, y: 0 }, 4)], 6);
    expect(found.dy).toBe(-4);
    expect(found.lines.map((line) => line.axis)).toEqual(["y"]);
  });

  it("leaves alone what is far away", () => {
    expect(snap(cardRect({ x: 400, y: 80 }, 1), [cardRect({ x: 0, y: 0 }, 1)], 6)).toEqual({
      dx: 0,
      dy: 0,
      lines: [],
    });
  });
});
