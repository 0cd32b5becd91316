import { expect, test } from "vitest";

import { arriving, heldBy } from "../../static/src/canvas/form/message-length";
import type { Palette } from "../../static/src/canvas/palette-types";

test("a message is cut where its way ends, by bytes or signs, and no sign in two", () => {
  expect(arriving("短消息", { most: 9, unit: "bytes" })).toEqual({ text: "短消息", cut: false });
  expect(arriving("张𠮷先生", { most: 9, unit: "bytes" })).toEqual({ text: "张…", cut: true });
  expect(arriving("张𠮷先生", { most: 3, unit: "characters" })).toEqual({ text: "张𠮷…", cut: true });
});

test("only a way that says how much it holds cuts anything", () => {
  const notifiers = [
    { key: "notice", label: "Notice" },
    { key: "sms", label: "SMS", longest: { most: 70, unit: "characters" } },
  ];
  const palette = { notifiers } as unknown as Palette;
  expect(heldBy(palette, { channel: "notice" })).toBeUndefined();
  expect(heldBy(palette, {})).toBeUndefined();
  expect(heldBy(palette, { channel: "sms" })).toEqual({ most: 70, unit: "characters", label: "SMS" });
});
