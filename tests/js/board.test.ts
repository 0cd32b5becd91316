import { describe, expect, it } from "vitest";
import { countAll, EVERYTHING, fitting, grouped } from "../../static/src/board/filters";
import { becomesLate, remaining } from "../../static/src/board/forecast";
import { type Answer, countdown, left, readRows, type Row, signOf } from "../../static/src/board/rows";

const MINUTE = 60_000;
const NOTHING = new Map<string, readonly number[]>();

function row(more: Partial<Row> = {}): Row {
  const plain = { channel: "shop", flow: "big", flowName: "Big", node: "ask", stage: "Ask", owner: "Zhao" };
  const times = { since: 0, due: 30 * MINUTE, amber: 20 * MINUTE, stopped: null };
  const rest = { run: "r", number: "A-1", buyer: "Li", rest: "person", kin: "big ask -1" };
  return { key: "k", claimed: false, whole: false, escalated: false, ...plain, ...times, ...rest, ...more };
}

describe("a forecast", () => {
  const even = Array.from({ length: 21 }, (_, share) => share * 100);

  it("reads a spread as the server does", () => {
    expect(remaining(even, 0, 0.5)).toBe(1000);
    expect(remaining(even, 1000, 0.5)).toBe(500);
    expect(remaining(even, 1000, 0.9)).toBeCloseTo(900);
    expect(remaining(even, 2000, 0.5)).toBeNull();
    const same = Array.from({ length: 21 }, () => 600);
    expect([remaining(same, 0, 0.5), becomesLate(same, 0, 601), becomesLate(same, 0, 599)]).toEqual([
      600,
      false,
      true,
    ]);
  });

  it("is an overlay: what likely becomes late is still in time, or due soon", () => {
    const slow = new Map([["big ask -1", Array.from({ length: 21 }, () => 45 * 60)]]);
    expect(signOf(row(), 5 * MINUTE, slow)).toBe("predicted");
    expect(signOf(row(), 25 * MINUTE, slow)).toBe("amber");
    expect(countAll([row(), row({ since: 20 * MINUTE, due: null })], 5 * MINUTE, slow)).toEqual({
      red: 0,
      amber: 0,
      predicted: 1,
      calm: 2,
    });
  });
});

describe("a countdown", () => {
  it("turns amber, then red, at its moments", () => {
    const signs = [0, 20, 30].map((minutes) => signOf(row(), minutes * MINUTE, NOTHING));
    expect(signs).toEqual(["calm", "amber", "red"]);
  });

  it("stands still from the click of who decided", () => {
    const decided = row({ stopped: 12 * MINUTE });
    expect(left(decided, 40 * MINUTE)).toBe(18 * MINUTE);
    expect(signOf(decided, 40 * MINUTE, NOTHING)).toBe("stopped");
  });

  it("reads in minutes and seconds, and in hours where it must", () => {
    expect([countdown(65_000), countdown(-65_000), countdown(0), countdown(3_723_000)]).toEqual([
      "01:05",
      "−01:05",
      "00:00",
      "1:02:03",
    ]);
  });
});

describe("the list", () => {
  const rows = [
    row({ key: "late", due: 10 * MINUTE }),
    row({ key: "done", due: 1 * MINUTE, stopped: 0 }),
    row({ key: "none", due: null, owner: "", number: "B-2" }),
    row({ key: "calm", due: 90 * MINUTE, amber: 80 * MINUTE, flow: "small", owner: "Wang" }),
  ];
  const keys = (found: readonly Row[]): string[] => found.map((one) => one.key);

  it("has the most urgent on top, and what needs nobody at the end", () => {
    expect(keys(fitting(rows, EVERYTHING, 15 * MINUTE, NOTHING)).slice(0, 2)).toEqual(["late", "calm"]);
  });

  it("is searched and filtered by all that it shows", () => {
    const fits = (look: Partial<typeof EVERYTHING>): string[] =>
      keys(fitting(rows, { ...EVERYTHING, ...look }, 15 * MINUTE, NOTHING));
    expect(fits({ text: "b-2" })).toEqual(["none"]);
    expect(fits({ flow: "small" })).toEqual(["calm"]);
    expect(fits({ owner: "Wang" })).toEqual(["calm"]);
    expect(fits({ colour: "red" })).toEqual(["late"]);
  });

  it("has the group with most late ones on top", () => {
    const groups = grouped(rows, 15 * MINUTE, NOTHING, (one) => one.owner || "nobody");
    expect(groups.map((one) => [one.name, one.counts.red])).toEqual([
      ["Zhao", 1],
      ["Wang", 0],
      ["nobody", 0],
    ]);
  });
});

describe("an answer", () => {
  it("is unfolded: texts by their places, times from its base", () => {
    const told: Answer = {
      mark: "m",
      after: "",
      total: 1,
      forecast: "",
      base: 1000,
      words: ["", "shop", "big", "Big", "ask", "Ask", "Zhao", "person"],
      rows: [["01R.3.1", "A-1", "Li", 1, 2, 3, 4, 5, 6, 7, 0, 3, -10, 20, 10, null]],
      gone: [],
    };
    const [first] = readRows(told);
    expect(first).toMatchObject({ run: "01R", stage: "Ask", owner: "Zhao", claimed: true, whole: true });
    expect([first?.since, first?.due, first?.amber, first?.stopped]).toEqual([
      990_000,
      1_020_000,
      1_010_000,
      null,
    ]);
  });
});
