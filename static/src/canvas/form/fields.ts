/** The plain fields of a form. Each is given its schema and its value, and reports what becomes of it. */

import { fieldAt } from "../conditions";
import { type Json, reworded, type Settings, said, type Words } from "../document";
import { button, freshId, h } from "../dom";
import type { Named, OrderField, Schema } from "../palette-types";
import { LISTS, UNIT_WORDS } from "../sentence";
import type { FieldMaker, FormContext } from "./context";
import { type Pick, picker } from "./picker";
import { told } from "./place";

export const textField: FieldMaker = (schema, path, value, context) => {
  const long = (schema.maxLength ?? 0) > 500;
  const attributes = {
    class: long ? "textarea" : "input",
    value: typeof value === "string" ? value : "",
    placeholder: schema.placeholder,
    maxlength: schema.maxLength,
    "data-field": told(path),
    input: (event: Event) => context.change(path, textOf(event) || undefined),
  };
  return long ? h("textarea", { ...attributes, rows: 4 }) : h("input", { ...attributes, type: "text" });
};

/** A text that may be told in several languages: the reader's is edited, the others stay. */
export const wordsField: FieldMaker = (schema, path, value, context) =>
  h("input", {
    class: "input",
    type: "text",
    value: said(value as Words | undefined, context.language),
    placeholder: schema.placeholder,
    maxlength: schema.maxLength,
    "data-field": told(path),
    input: (event: Event) =>
      context.change(path, reworded(value as Words | undefined, textOf(event), context.language)),
  });

export const numberField: FieldMaker = (schema, path, value, context) => {
  const whole = [schema.type ?? "number"].flat().includes("integer");
  const optional = [schema.type ?? "number"].flat().includes("null");
  const input = h("input", {
    class: "input is-number",
    type: "number",
    id: freshId("field"),
    "data-label-target": true,
    value:
      typeof value === "number" ? String(value) : value === undefined ? String(schema.default ?? "") : "",
    min: schema.minimum,
    max: schema.maximum,
    step: whole ? "1" : "any",
    inputmode: whole ? "numeric" : "decimal",
    "data-field": told(path),
    input: () => {
      if (input.value === "") context.change(path, optional ? null : undefined);
      else if (Number.isFinite(input.valueAsNumber)) context.change(path, input.valueAsNumber);
    },
  });
  const unit = UNIT_WORDS[schema["x-widget"] ?? ""];
  if (unit === undefined) return h("div", { class: "with-unit" }, input);
  return h("div", { class: "with-unit" }, input, h("span", { class: "unit" }, context.say(unit)));
};

export const switchField: FieldMaker = (schema, path, value, context) => {
  const box = h("input", {
    type: "checkbox",
    class: "toggle",
    role: "switch",
    "data-field": told(path),
    change: () => context.change(path, box.checked),
  });
  box.checked = value === undefined ? schema.default === true : value === true;
  return box;
};

export const timeField: FieldMaker = (schema, path, value, context) =>
  h("input", {
    class: "input is-number",
    type: "time",
    value: typeof value === "string" ? value : String(schema.default ?? ""),
    "data-field": told(path),
    input: (event: Event) => context.change(path, textOf(event) || undefined),
  });

/** One of a few values: side by side while they fit, else in a list. Values that come later are not offered. */
export const choiceField: FieldMaker = (schema, path, value, context) => {
  const later = Array.isArray(schema["x-later"]) ? schema["x-later"] : [];
  const present = value ?? schema.default ?? "";
  const offered = (schema.enum ?? []).filter((one) => !later.includes(String(one)) || one === present);
  const options = offered.map((one) => ({
    key: String(one),
    label: schema.options?.[String(one)] ?? String(one),
  }));
  const short = options.length <= 3 && options.reduce((sum, one) => sum + widthOf(one.label), 0) <= 36;
  const choose = (key: string): void => context.change(path, key);
  return short
    ? segments(options, String(present), told(path), choose)
    : select(options, String(present), told(path), choose, context);
};

export const checksField: FieldMaker = (schema, path, value, context) => {
  const chosen = new Set(listOf(value ?? schema.default));
  const all = (schema.items?.enum ?? []).map(String);
  return h(
    "div",
    { class: "checks" },
    ...all.map((one) => {
      const box = h("input", {
        type: "checkbox",
        "data-field": `${told(path)}.${one}`,
        change: () => {
          if (box.checked) chosen.add(one);
          else chosen.delete(one);
          const kept = all.filter((known) => chosen.has(known));
          context.change(path, kept);
        },
      });
      box.checked = chosen.has(one);
      return h("label", { class: "check" }, box, h("span", {}, schema.items?.options?.[one] ?? one));
    }),
  );
};

/** A list of texts (or of order fields) as chips. A text may be told in several languages: all of them stay. */
export const textsField: FieldMaker = (schema, path, value, context) => {
  const present = value ?? schema.default;
  const items: readonly Json[] = Array.isArray(present) ? present : [];
  const ofFields = schema.items?.format === "field";
  const labelOf = (item: Json): string => {
    const text = said(item as Words, context.language);
    return ofFields ? (fieldAt(context.palette, text, "order")?.label ?? text) : text;
  };
  const remove = (index: number): void =>
    context.change(
      path,
      items.filter((_, place) => place !== index),
      true,
    );
  const add = (text: string): void => {
    const wanted = text.trim();
    if (wanted !== "" && !items.includes(wanted)) context.change(path, [...items, wanted], true);
  };
  const chips = items.map((item, index) => {
    const label = labelOf(item);
    return h(
      "li",
      { class: ofFields ? "chip is-field" : "chip" },
      label,
      button(`${context.say("remove")}: ${label}`, () => remove(index), {
        icon: "close",
        class: "chip-remove",
      }),
    );
  });
  const adder = ofFields
    ? fieldSelect(schema.items ?? {}, "", `${told(path)}.+`, context, "order", add, context.say("add"))
    : textAdder(`${told(path)}.+`, schema, context, add);
  return h("div", { class: "chips-field" }, h("ul", { class: "chips" }, ...chips), adder);
};

function textAdder(
  field: string,
  schema: Schema,
  context: FormContext,
  add: (text: string) => void,
): HTMLElement {
  const input = h("input", {
    class: "input",
    type: "text",
    maxlength: schema.items?.maxLength,
    placeholder: schema.placeholder ?? context.say("add"),
    "aria-label": context.say("add"),
    "data-field": field,
    keydown: (event: KeyboardEvent) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      add(input.value);
    },
    change: () => add(input.value),
  });
  return input;
}

export const fieldField: FieldMaker = (schema, path, value, context) =>
  fieldSelect(schema, typeof value === "string" ? value : "", told(path), context, "order", (chosen) =>
    context.change(path, chosen || undefined, true),
  );

/** A picker of one order field, with what recent orders hold in each; free attributes are also typed by name. */
export function fieldSelect(
  schema: Schema,
  value: string,
  field: string,
  context: FormContext,
  scope: "order" | "item",
  choose: (path: string) => void,
  prompt?: string,
): HTMLElement {
  const { say } = context;
  const name = h("input", {
    class: "input",
    type: "text",
    placeholder: say("attributeName"),
    "aria-label": say("attributeName"),
    "data-field": `${field}.name`,
    hidden: true,
    change: () => name.value.trim() !== "" && choose(`attributes.${name.value.trim()}`),
  });
  const opener = picker({
    say,
    field,
    name: say("field"),
    value: prompt === undefined ? value : "",
    prompt: prompt ?? say("chooseOne"),
    picks: () => fieldPicks(schema, value, context, scope),
    more: context.samples.load,
    choose: (path) => {
      if (path !== FREE) choose(path);
      else {
        name.hidden = false;
        name.focus();
      }
    },
  });
  return h("div", { class: "field-select" }, opener, name);
}

function fieldPicks(schema: Schema, value: string, context: FormContext, scope: "order" | "item"): Pick[] {
  const { palette, samples, say } = context;
  const detail = (path: string): string => {
    const values = samples.of(scope, path);
    return values.length === 0 ? "" : say("forExample", { values: values.join(" · ") });
  };
  const known = palette.fields.filter((one) => one.scope === scope && fits(schema, one));
  const picks: Pick[] = known.map((one) => ({
    key: one.path,
    label: one.label,
    detail: detail(one.path),
    group: say(scope === "order" ? "orderFields" : "itemFields"),
  }));
  const free = schema["x-only"]?.includes("attributes.") ?? true;
  const own = new Set(free && scope === "order" ? samples.known.attributes : []);
  if (value.startsWith("attributes.")) own.add(value);
  const group = say("ownFields");
  for (const path of own) {
    picks.push({ key: path, label: path.slice("attributes.".length), detail: detail(path), group });
  }
  if (free) picks.push({ key: FREE, label: say("otherField"), group });
  return picks;
}

const FREE = "attributes.*";

function fits(schema: Schema, field: OrderField): boolean {
  const kinds = schema["x-kinds"];
  const only = schema["x-only"];
  return (
    (kinds === undefined || kinds.includes(field.kind)) && (only === undefined || only.includes(field.path))
  );
}

/** Something that the shop has by name: a notifier, a system and what it can do, a team, a person. */
export const namedField: FieldMaker = (schema, path, value, context, siblings) => {
  const known = namedOf(schema["x-widget"] ?? "", context, siblings);
  const widget = schema["x-widget"];
  if (widget === "team" || widget === "person") {
    const store = (key: string): void => context.change(path, key || undefined, true);
    return whoPicker(widget, String(value ?? schema.default ?? ""), told(path), context, store);
  }
  return select(
    known,
    typeof value === "string" ? value : String(schema.default ?? ""),
    told(path),
    (key) => {
      context.change(path, key || undefined, schema["x-widget"] === "system");
    },
    context,
  );
};

/** A person, a team or a duty by name; a team that is not there yet is made. */
export function whoPicker(
  kind: string,
  value: string,
  field: string,
  context: FormContext,
  choose: (key: string) => void,
): HTMLElement {
  const { palette, say, addTeam } = context;
  const known = palette[LISTS[kind] ?? "teams"];
  return picker({
    say,
    field,
    name: say("value"),
    value,
    prompt: say("chooseOne"),
    picks: () => known.map(({ key, label }) => ({ key, label, detail: kind === "person" ? key : "" })),
    choose,
    ...(kind === "team" &&
      addTeam !== undefined && {
        make: {
          label: (typed: string) => say("newTeam", { name: typed }),
          run: (typed: string) => choose(addTeam(typed)),
        },
      }),
  });
}

function namedOf(widget: string, context: FormContext, siblings: Settings): readonly Named[] {
  const { palette } = context;
  switch (widget) {
    case "notifier":
      return palette.notifiers;
    case "system":
      return palette.systems;
    case "action":
      return palette.systems.find((system) => system.key === siblings.system)?.actions ?? [];
    default:
      return [];
  }
}

/** The value of a sibling setting `field`, entered as that field wants it. */
export const valueField: FieldMaker = (schema, path, value, context, siblings) => {
  const field = fieldAt(context.palette, String(siblings.field ?? ""), "order");
  const store = (next: Json | undefined): void => context.change(path, next);
  switch (field?.kind) {
    case "money":
      return moneyInput(value, told(path), context, store);
    case "choice":
      return select(field.choices, typeof value === "string" ? value : "", told(path), store, context);
    case "texts":
      return textsField(
        { ...schema, items: { type: "string", maxLength: 100 } },
        path,
        value,
        context,
        siblings,
      );
    case "number":
      return numberField({ type: "number" }, path, value, context, siblings);
    case "time":
      return momentInput(value, told(path), context, store);
    default:
      return textField({ type: "string" }, path, value, context, siblings);
  }
};

/** An amount and its currency. */
export function moneyInput(
  value: Json | undefined,
  field: string,
  context: FormContext,
  store: (value: Json | undefined) => void,
): HTMLElement {
  const { say, palette } = context;
  const money = (typeof value === "object" && value !== null ? value : {}) as Settings;
  const report = (): void => {
    const text = amount.value.trim().replace(/,/g, "");
    store(text === "" ? undefined : { amount: text, currency: currency.value.trim().toUpperCase() });
  };
  const amount = h("input", {
    class: "input is-number",
    type: "text",
    inputmode: "decimal",
    value: String(money.amount ?? ""),
    placeholder: "0.00",
    "aria-label": say("amount"),
    "data-field": field,
    input: report,
  });
  const currency = h("input", {
    class: "input is-currency",
    type: "text",
    value: String(money.currency ?? palette.currency),
    maxlength: 3,
    list: currencyList(palette.fields),
    autocapitalize: "characters",
    "aria-label": say("currency"),
    "data-field": `${field}.currency`,
    input: report,
  });
  return h("div", { class: "money" }, amount, currency);
}

/** A moment, entered in the clock of the browser and kept with its zone. */
export function momentInput(
  value: Json | undefined,
  field: string,
  context: FormContext,
  store: (value: Json | undefined) => void,
): HTMLElement {
  const input = h("input", {
    class: "input",
    type: "datetime-local",
    value: typeof value === "string" ? localTime(value) : "",
    "aria-label": context.say("value"),
    "data-field": field,
    input: () =>
      store(input.value === "" ? undefined : new Date(input.value).toISOString().replace(".000Z", "Z")),
  });
  return input;
}

export function select(
  options: readonly Named[],
  value: string,
  field: string,
  choose: (key: string) => void,
  context: FormContext,
): HTMLSelectElement {
  const known = options.some((one) => one.key === value);
  const list = h(
    "select",
    { class: "select", "data-field": field, change: () => choose(list.value) },
    value === "" && h("option", { value: "" }, context.say("chooseOne")),
    ...options.map((one) => h("option", { value: one.key }, one.label)),
    value !== "" && !known && h("option", { value }, value),
  );
  list.value = value;
  return list;
}

export function segments(
  options: readonly Named[],
  value: string,
  field: string,
  choose: (key: string) => void,
): HTMLElement {
  const group = freshId("segments");
  return h(
    "div",
    { class: "segments", role: "radiogroup" },
    ...options.map((one) => {
      const radio = h("input", {
        type: "radio",
        name: group,
        value: one.key,
        "data-field": `${field}.${one.key}`,
        change: () => choose(one.key),
      });
      radio.checked = one.key === value;
      return h("label", {}, radio, h("span", {}, one.label));
    }),
  );
}

/** The id of one list of currencies that all inputs of the page share. */
function currencyList(fields: readonly OrderField[]): string {
  const id = "canvas-currencies";
  if (document.getElementById(id) === null) {
    const currencies = fields.find((field) => field.path === "currency")?.choices ?? [];
    document.body.append(h("datalist", { id }, ...currencies.map((one) => h("option", { value: one.key }))));
  }
  return id;
}

function localTime(moment: string): string {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return "";
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function listOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.map((one: Json) => String(one)) : [];
}

/** How wide a label is, roughly, in Latin letters: Han letters count twice. */
function widthOf(label: string): number {
  return [...label].reduce((sum, letter) => sum + (letter > "\u2e80" ? 2 : 1), 0) + 2;
}

function textOf(event: Event): string {
  return (event.target as HTMLInputElement).value;
}
