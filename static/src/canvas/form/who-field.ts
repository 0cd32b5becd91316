/** Who is asked: a person, a team, everyone with a duty, or whom the order names. */

import type { Json, Settings } from "../document";
import { h } from "../dom";
import type { Named, Schema } from "../palette-types";
import type { FieldMaker, FormContext } from "./context";
import { fieldSelect, select, whoPicker } from "./fields";
import { told } from "./place";

export const whoField: FieldMaker = (schema, path, value, context) => {
  const present = value ?? schema.default;
  const who = (
    typeof present === "object" && present !== null && !Array.isArray(present) ? present : {}
  ) as Settings;
  const kinds = offeredKinds(schema, String(who.kind ?? ""));
  const kind = String(who.kind ?? schema.properties?.kind?.default ?? kinds[0]?.key ?? "team");
  const store = (next: Settings, rebuild: boolean): void => context.change(path, next as Json, rebuild);
  const kindSelect = select(
    kinds,
    kind,
    `${told(path)}.kind`,
    (chosen) => {
      const first = chosen === "lead" ? "lead" : "";
      store(first === "" ? { kind: chosen } : { kind: chosen, value: first }, true);
    },
    context,
  );
  kindSelect.setAttribute("aria-label", schema.properties?.kind?.title ?? schema.title ?? "");
  return h(
    "div",
    { class: "who-field" },
    kindSelect,
    kind !== "lead" &&
      valuePicker(kind, String(who.value ?? ""), `${told(path)}.value`, context, (chosen) => {
        store(chosen === "" ? { kind } : { kind, value: chosen }, true);
      }),
  );
};

function offeredKinds(schema: Schema, present: string): Named[] {
  const kind = schema.properties?.kind ?? {};
  const later = Array.isArray(kind["x-later"]) ? kind["x-later"] : [];
  return (kind.enum ?? [])
    .map(String)
    .filter((one) => !later.includes(one) || one === present)
    .map((key) => ({ key, label: kind.options?.[key] ?? key }));
}

function valuePicker(
  kind: string,
  value: string,
  field: string,
  context: FormContext,
  choose: (value: string) => void,
): HTMLElement {
  if (kind === "field") {
    return fieldSelect({ "x-kinds": ["text"] }, value, field, context, "order", choose);
  }
  return whoPicker(kind, value, field, context, choose);
}
