/** A calendar by which minutes count. Where none need be chosen, all hours count. */

import { h } from "../dom";
import type { FieldMaker } from "./context";
import { told } from "./place";

export const calendarField: FieldMaker = (schema, path, value, context) => {
  const { say, palette } = context;
  const optional = [schema.type ?? "string"].flat().includes("null");
  const chosen = typeof value === "string" ? value : "";
  const prompt = palette.calendars.length > 0 ? say("chooseOne") : say("noCalendars");
  const list = h(
    "select",
    {
      class: "select",
      "data-field": told(path),
      change: () => context.change(path, list.value || (optional ? null : undefined)),
    },
    (optional || chosen === "") && h("option", { value: "" }, optional ? say("allHours") : prompt),
    ...palette.calendars.map(({ key, label }) => h("option", { value: key }, label)),
    chosen !== "" &&
      palette.calendars.every(({ key }) => key !== chosen) &&
      h("option", { value: chosen }, say("calendarGone", { calendar: chosen })),
  );
  list.value = chosen;
  return list;
};
