import { afterEach, expect, it } from "vitest";
import { clock, tellTimesIn } from "../../static/src/canvas/times";

const NOW = Date.parse("2026-11-22T18:30:00Z");

afterEach(() => tellTimesIn(undefined));

it("tells times in the zone of the business, not of the browser", () => {
  tellTimesIn("Asia/Shanghai");
  expect(clock("2026-11-22T17:05:00Z", "zh-CN", NOW)).toBe("01:05");
  tellTimesIn("America/New_York");
  expect(clock("2026-11-22T17:05:00Z", "zh-CN", NOW)).toBe("12:05");
});

it("names the day as soon as it is another one there", () => {
  tellTimesIn("Asia/Shanghai");
  expect(clock("2026-11-22T15:55:00Z", "en", NOW)).toContain("Nov 22");
  expect(clock("2026-11-22T16:05:00Z", "en", NOW)).not.toContain("Nov");
});
