import { describe, expect, it } from "vitest";
import { addresseeOf } from "../../static/src/canvas/sentence";

describe("an addressee", () => {
  it("is a team, a person or a duty by its key", () => {
    expect(addresseeOf("team:warehouse")).toEqual({ kind: "team", who: "warehouse" });
    expect(addresseeOf("person:li.wei")).toEqual({ kind: "person", who: "li.wei" });
    expect(addresseeOf("role:lead")).toEqual({ kind: "role", who: "lead" });
  });

  it("is an address in every other case, so that nothing written is lost", () => {
    for (const text of ["", "team:", "a@example.com", "team:{attributes.team}", "https://example.com"]) {
      expect(addresseeOf(text)).toBeNull();
    }
  });
});
