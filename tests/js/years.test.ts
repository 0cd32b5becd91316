import { describe, expect, it } from "vitest";
import { dayAt } from "../../static/src/years";

describe("the year by keys", () => {
  it("goes from day to day over the ends of weeks, months and February", () => {
    expect(dayAt("d-2026-10-31", "ArrowRight")).toBe("d-2026-11-01");
    expect(dayAt("d-2026-03-01", "ArrowLeft")).toBe("d-2026-02-28");
    expect(dayAt("d-2028-02-22", "ArrowDown")).toBe("d-2028-02-29");
    expect(dayAt("d-2026-10-03", "ArrowUp")).toBe("d-2026-09-26");
  });

  it("goes from month to month, to the last day where a month is shorter", () => {
    expect(dayAt("d-2026-10-31", "PageDown")).toBe("d-2026-11-30");
    expect(dayAt("d-2026-03-31", "PageUp")).toBe("d-2026-02-28");
    expect(dayAt("d-2026-01-15", "PageUp")).toBe("d-2025-12-15");
  });

  it("leaves other keys alone", () => {
    expect(dayAt("d-2026-10-31", "Enter")).toBeNull();
  });
});
