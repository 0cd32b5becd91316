import { describe, expect, it } from "vitest";
import { lengthOf, riskOf, totals } from "../../static/src/canvas/live/crowd";
import { gapAfter } from "../../static/src/canvas/live/heartbeat";
import { momentAt } from "../../static/src/canvas/live/moments";
import type { Crowd, Standing, Visit } from "../../static/src/canvas/live/wire";

const crowd = (more: Partial<Crowd>): Crowd => ({
  number: 1,
  rests: { person: 1 },
  oldest: 0,
  median: null,
  tenth: null,
  late: 0,
  soon: 0,
  ...more,
});

const visit = (node: string, came: number, left: number | null, more: Partial<Visit> = {}): Visit => ({
  trace: `run.${came}.1`,
  node,
  name: node,
  attempt: 1,
  came,
  left,
  tone: "done",
  out: "",
  ports: ["out"],
  by: "",
  why: [],
  facts: [],
  ...more,
});

const seconds = (millis: number): string => `${millis / 1000} s`;

describe("a crowd of orders", () => {
  it("shows the worst that it holds", () => {
    expect(riskOf(crowd({}))).toBe("calm");
    expect(riskOf(crowd({ soon: 1 }))).toBe("soon");
    expect(riskOf(crowd({ soon: 1, late: 1 }))).toBe("late");
    expect(riskOf(crowd({ late: 1, rests: { person: 1, failed: 1 }, number: 2 }))).toBe("failed");
  });

  it("is counted once for each order, whatever it is at risk of", () => {
    const nodes = {
      ask: crowd({ number: 5, rests: { person: 5 }, late: 1, soon: 2 }),
      call: crowd({ number: 3, rests: { system: 1, failed: 2 } }),
    };
    const sum = totals({ nodes } as unknown as Standing);
    expect(sum).toEqual({ all: 8, failed: 2, late: 1, soon: 2, calm: 3 });
  });

  it("tells how long in two units at most", () => {
    expect(lengthOf(59_400, "en")).toBe("59 sec");
    expect(lengthOf(25 * 60_000, "en")).toBe("25 min");
    expect(lengthOf(200 * 60_000, "en")).toBe("3 hr 20 min");
    expect(lengthOf(49 * 3_600_000, "en")).toBe("2 days 1 hr");
    expect(lengthOf(120 * 60_000, "zh-CN")).toBe("2小时");
    expect(lengthOf(-5, "en")).toBe("0 sec");
  });
});

describe("a heartbeat", () => {
  it("waits longer after each failure, but never much longer than a minute", () => {
    expect([0, 1, 2, 3, 4, 5, 50].map(gapAfter)).toEqual([
      4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000,
    ]);
  });
});

describe("a moment of an order's way", () => {
  const way = [
    visit("in", 0, 0),
    visit("ask", 1_000, 61_000, { ports: ["approved"] }),
    visit("end", 61_000, null, { tone: "waiting", ports: [] }),
  ];

  it("lights the ways that were left by then, and no others", () => {
    expect([...momentAt(way, 0, 99_000, seconds).ways]).toEqual([]);
    expect([...momentAt(way, 1, 99_000, seconds).ways]).toEqual(["in out"]);
    expect([...momentAt(way, 2, 99_000, seconds).ways]).toEqual(["in out", "ask approved"]);
  });

  it("marks one step as the present one, which waits as it did then", () => {
    const moment = momentAt(way, 1, 99_000, seconds);
    expect(moment.at).toBe(1_000);
    expect(moment.steps.get("ask")).toEqual({ tone: "waiting", current: true, told: "" });
    expect(moment.steps.has("end")).toBe(false);
  });

  it("tells afterwards how long each step took, and at the end how long the last has lasted", () => {
    const { steps, visit: present } = momentAt(way, 3, 99_000, seconds);
    expect(present).toBeNull();
    expect(steps.get("ask")).toEqual({ tone: "done", current: false, told: "60 s" });
    expect(steps.get("end")).toEqual({ tone: "waiting", current: false, told: "38 s" });
  });

  it("shows branches that still wait while another goes on", () => {
    const branches = [
      visit("split", 0, 0, { ports: ["a", "b"] }),
      visit("slow", 0, 50_000, { ports: ["out"] }),
      visit("fast", 10_000, 11_000, { ports: ["out"] }),
    ];
    const moment = momentAt(branches, 2, 99_000, seconds);
    expect(moment.steps.get("slow")).toEqual({ tone: "waiting", current: false, told: "10 s" });
    expect([...moment.ways]).toEqual(["split a", "split b"]);
  });

  it("keeps the place while people changed the order between two steps", () => {
    const changed = [visit("in", 0, 0), visit("", 5_000, null, { ports: [] }), visit("end", 6_000, 6_000)];
    const moment = momentAt(changed, 1, 9_000, seconds);
    expect([...moment.steps.keys()]).toEqual(["in"]);
    expect([...moment.ways]).toEqual(["in out"]);
  });
});
