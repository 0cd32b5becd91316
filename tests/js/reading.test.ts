import { expect, it } from "vitest";
import { sentenceOf } from "../../static/src/canvas/reading";
import { Sentences } from "../../static/src/canvas/sentence";
import { wordsIn } from "../../static/src/canvas/words";
import { CALL, PALETTE } from "./samples";

const say = wordsIn("en");
const sentences = new Sentences(PALETTE, say, "en");
const kind = {
  ...CALL,
  sentence: "Waits {minutes}[ with {reasons}][, {note} and {minutes}][ for {team}].",
  schema: {
    type: "object",
    required: ["minutes"],
    properties: {
      minutes: { type: "integer", title: "Minutes", "x-widget": "minutes" },
      reasons: { type: "array", items: { type: "string" } },
      note: { type: "string" },
      team: { type: "string", "x-widget": "team" },
    },
  },
};

function told(settings: Record<string, never>): string {
  return sentenceOf(kind, settings, sentences, say)
    .map((piece) => (typeof piece === "string" ? piece : `<${piece.text}${piece.missing ? "!" : ""}>`))
    .join("");
}

it("says values where they stand, and lists in full", () => {
  expect(told({ minutes: 30, reasons: ["a", "b", "c"] } as never)).toBe("Waits <30 min> with <a, b, c>.");
});

it("calls a team by its name", () => {
  expect(told({ minutes: 30, team: "leads" } as never)).toBe("Waits <30 min> for <Supervisors>.");
});

it("leaves out a part that lacks a value", () => {
  expect(told({ minutes: 30, reasons: [] } as never)).toBe("Waits <30 min>.");
  expect(told({ minutes: 30, note: "so" } as never)).toBe("Waits <30 min>, <so> and <30 min>.");
});

it("asks for a value that must be set", () => {
  expect(told({})).toBe("Waits <Minutes!>.");
});
