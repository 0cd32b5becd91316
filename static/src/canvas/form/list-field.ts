/** A list of settings that are objects (rules, branches, changes): a card each, to add, remove and reorder. */

import { fieldAt } from "../conditions";
import { type Json, type Settings, said, type Words } from "../document";
import { button, h, icon } from "../dom";
import { freshItem } from "../editor";
import { applies } from "../sentence";
import type { Schema } from "../palette-types";
import type { FieldMaker, FormContext } from "./context";
import { partAt, type Path, told } from "./place";

export const listField: FieldMaker = (schema, path, value, context) => {
  const items = Array.isArray(value) ? (value as readonly Settings[]) : [];
  const itemSchema = schema.items ?? {};
  const full = schema.maxItems !== undefined && items.length >= schema.maxItems;
  const add = h(
    "button",
    {
      type: "button",
      class: "button quiet add-row",
      "data-field": `${told(path)}.+`,
      disabled: full,
      click: () => {
        const present = itemsAt(path, context);
        context.change(path, [...present, freshItem(itemSchema, present, context.say)], true);
      },
    },
    icon("plus"),
    context.say("addRow"),
  );
  return h(
    "div",
    { class: "list-field" },
    h(
      "ol",
      { class: "list-items" },
      ...items.map((_, index) => itemElement(schema, path, items, index, context)),
    ),
    add,
  );
};

function itemElement(
  schema: Schema,
  path: Path,
  items: readonly Settings[],
  index: number,
  context: FormContext,
): HTMLElement {
  const { say } = context;
  const item = items[index] ?? {};
  const itemSchema = schema.items ?? {};
  const store = (change: (present: readonly Settings[]) => readonly Json[]): void =>
    context.change(path, change(itemsAt(path, context)), true);
  const least = items.length <= (schema.minItems ?? 0);
  const place = [...path, index];
  const title = itemTitle(schema, item, index, context);
  const rows = Object.entries(itemSchema.properties ?? {})
    .filter(([, property]) => property["x-widget"] !== "id" && property["x-later"] !== true)
    .filter(([, property]) => applies(property, item))
    .map(([key, property]) => {
      const required = itemSchema.required?.includes(key) ?? false;
      const { help, ...bare } = property;
      const shown = index === 0 && help !== undefined ? { ...bare, help } : bare;
      return context.row(shown, [...place, key], item[key], context, item, required && key !== "when");
    });
  return h(
    "li",
    { class: "list-item", "data-home": told(place), "aria-label": title },
    h(
      "div",
      { class: "list-item-head" },
      h("span", { class: "list-item-number", "aria-hidden": "true" }, String(index + 1)),
      h("span", { class: "list-item-title" }, title),
      index > 0 &&
        button(`${say("moveUp")}: ${title}`, () => store((all) => swapped(all, index - 1, index)), {
          icon: "up",
        }),
      index < items.length - 1 &&
        button(`${say("moveDown")}: ${title}`, () => store((all) => swapped(all, index, index + 1)), {
          icon: "down",
        }),
      !least &&
        button(
          `${say("remove")}: ${title}`,
          () => store((all) => all.filter((_, other) => other !== index)),
          {
            icon: "trash",
          },
        ),
    ),
    h("div", { class: "list-item-body" }, ...rows),
    typeof item.id === "string" && h("p", { class: "rule-count", "data-count": item.id }),
    h("div", { class: "form-problems", "aria-live": "polite" }),
  );
}

/** The items as they are now: fields report without the list being drawn anew. */
function itemsAt(path: Path, context: FormContext): readonly Settings[] {
  const present = partAt(context.settings(), path);
  return Array.isArray(present) ? (present as readonly Settings[]) : [];
}

/** What an item is called: by its name, else by the field that it is about, else by its number. */
function itemTitle(schema: Schema, item: Settings, index: number, context: FormContext): string {
  const name = said(item.name as Words | undefined, context.language);
  if (name !== "") return name;
  const field = fieldAt(context.palette, String(item.field ?? ""), "order");
  return field?.label ?? `${schema.items?.title ?? schema.title ?? ""} ${index + 1}`.trim();
}

function swapped(items: readonly Settings[], one: number, other: number): Settings[] {
  const next = [...items];
  const kept = next[one] as Settings;
  next[one] = next[other] as Settings;
  next[other] = kept;
  return next;
}
