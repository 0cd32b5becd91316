import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Following } from "../../static/src/push/following";
import { pauseAfter } from "../../static/src/push/stream";
import { type Part, type Room, Tabs } from "../../static/src/push/tabs";

const RHYTHM = { gap: 1_000, poll: 5_000, calm: 60_000 };

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("a part of a page", () => {
  function follow(topics: readonly string[]): { following: Following; looks: () => number } {
    const look = vi.fn();
    const following = new Following(topics, look, RHYTHM, () => Date.now());
    return { following, looks: () => look.mock.calls.length };
  }

  test("asks now and then until it is told of changes, and seldom from then on", () => {
    const { following, looks } = follow(["tasks"]);
    vi.advanceTimersByTime(15_000);
    expect(looks()).toBe(3);
    following.hear(true);
    vi.advanceTimersByTime(59_000);
    expect(looks()).toBe(3);
    vi.advanceTimersByTime(1_000);
    expect(looks()).toBe(4);
    following.hear(false);
    vi.advanceTimersByTime(5_000);
    expect(looks()).toBe(5);
  });

  test("looks at once when it hears of its topic, and never oftener than its gap however often it hears", () => {
    const { following, looks } = follow(["tasks"]);
    following.hear(true);
    vi.advanceTimersByTime(2_000);
    following.heard(["orders"]);
    vi.advanceTimersByTime(1_000);
    expect(looks()).toBe(0);
    following.heard(["orders", "tasks"]);
    vi.advanceTimersByTime(0);
    expect(looks()).toBe(1);
    for (let count = 0; count < 100; count += 1) {
      following.heard(["tasks"]);
      vi.advanceTimersByTime(50);
    }
    expect(looks()).toBe(6);
    following.heard(["tasks"]);
    vi.advanceTimersByTime(1_000);
    expect(looks(), "the last change is looked at too").toBe(7);
  });

  test("hears of its run where only many runs are told, and of everything where all may have changed", () => {
    const { following, looks } = follow(["run:01A"]);
    vi.advanceTimersByTime(1_000);
    following.heard(["run:*"]);
    vi.advanceTimersByTime(1_000);
    following.heard(["*"]);
    vi.advanceTimersByTime(1_000);
    following.heard(["flow:*"]);
    vi.advanceTimersByTime(1_000);
    expect(looks()).toBe(2);
  });

  test("does nothing while it is hidden, and looks once when it is seen and knows how it hears", () => {
    const { following, looks } = follow(["tasks"]);
    following.rest();
    following.heard(["tasks"]);
    following.hear(true);
    vi.advanceTimersByTime(600_000);
    expect(looks()).toBe(0);
    following.wake();
    following.hear(true);
    following.hear(true);
    vi.advanceTimersByTime(1_000);
    expect(looks()).toBe(1);
  });

  test("is never called again after its end", () => {
    const { following, looks } = follow(["tasks"]);
    following.heard(["tasks"]);
    following.end();
    following.hear(true);
    vi.advanceTimersByTime(600_000);
    expect(looks()).toBe(0);
  });
});

test("a browser waits longer after each failure, at most a minute, and no two wait alike", () => {
  expect([0, 1, 2, 10].map((failures) => pauseAfter(failures, 1))).toEqual([1_000, 2_000, 4_000, 60_000]);
  expect(pauseAfter(2, 0)).toBe(2_000);
});

describe("the tabs of a browser", () => {
  interface Tab {
    readonly tabs: Tabs;
    leads: boolean;
    wants: readonly string[];
    readonly heard: string[];
    missed: number;
    frozen: boolean;
  }

  let rooms: { room: Room; tab: () => Tab }[];
  beforeEach(() => {
    rooms = [];
  });

  function open(id: string, topics: readonly string[]): Tab {
    const room: Room = {
      onmessage: null,
      postMessage(word) {
        if (tab.frozen) return;
        const others = rooms.filter((other) => other.room !== room && !other.tab().frozen);
        setTimeout(() => {
          for (const other of others) other.room.onmessage?.({ data: word } as MessageEvent<typeof word>);
        }, 1);
      },
    };
    const part: Part = {
      lead(wanted) {
        tab.leads = true;
        tab.wants = wanted;
      },
      want: (wanted) => void (tab.wants = wanted),
      yield: () => void (tab.leads = false),
      heard: (told) => tab.heard.push(...told),
      hears: () => {},
      missed: () => void (tab.missed += 1),
    };
    const tab: Tab = {
      tabs: new Tabs(part, room, id),
      leads: false,
      wants: [],
      heard: [],
      missed: 0,
      frozen: false,
    };
    rooms.push({ room, tab: () => tab });
    tab.tabs.come(topics, "7");
    return tab;
  }

  const leading = (...tabs: readonly Tab[]): number => tabs.filter((tab) => tab.leads).length;

  test("one listens for all of them and tells the others", () => {
    const first = open("a", ["tasks"]);
    vi.advanceTimersByTime(1_000);
    const second = open("b", ["orders"]);
    vi.advanceTimersByTime(1_000);
    expect([first.leads, second.leads]).toEqual([true, false]);
    expect(first.wants).toEqual(["orders", "tasks"]);
    expect(second.missed, "what was told before it came").toBe(1);
    first.tabs.tell(["orders"], "8");
    vi.advanceTimersByTime(10);
    expect(second.heard).toEqual(["orders"]);
  });

  test("of those that are opened together one listens", () => {
    const all = ["a", "b", "c", "d"].map((id) => open(id, ["tasks"]));
    vi.advanceTimersByTime(10_000);
    expect(leading(...all)).toBe(1);
  });

  test("another takes over soon when the one that listens goes", () => {
    const first = open("a", ["tasks"]);
    vi.advanceTimersByTime(1_000);
    const others = [open("b", ["orders"]), open("c", ["balance"])];
    vi.advanceTimersByTime(1_000);
    first.tabs.go();
    expect(first.leads).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(leading(...others)).toBe(1);
    expect(others.find((tab) => tab.leads)?.wants).toEqual(["balance", "orders"]);
  });

  test("another takes over when the one that listens is frozen, and one of them gives way when it thaws", () => {
    const first = open("a", ["tasks"]);
    vi.advanceTimersByTime(1_000);
    const second = open("b", ["orders"]);
    vi.advanceTimersByTime(1_000);
    first.frozen = true;
    vi.advanceTimersByTime(20_000);
    expect(second.leads).toBe(true);
    first.frozen = false;
    vi.advanceTimersByTime(10_000);
    expect(leading(first, second)).toBe(1);
  });
});
