/** Conditions and settings said in one line: what a card shows under its name. */

import { type Clause, type Condition, fieldAt, type Group, groupOf, rowOf, takesValue } from "./conditions";
import { type Json, type Settings, said, type Words } from "./document";
import type { Named, NodeKind, Palette, Schema } from "./palette-types";
import type { Say, Word } from "./words";

export class Sentences {
  constructor(
    private readonly palette: Palette,
    private readonly say: Say,
    private readonly language: string,
    private readonly teams: () => readonly Named[] = () => palette.teams,
  ) {}

  condition(condition: Condition | undefined, scope: "order" | "item" = "order"): string {
    return this.group(groupOf(condition), scope);
  }

  /** What a step does, in one line, from the settings that tell most. Empty when nothing is set. */
  summary(kind: NodeKind | undefined, settings: Settings): string {
    if (kind === undefined) return "";
    const parts: string[] = [];
    for (const [key, schema] of Object.entries(kind.schema.properties ?? {})) {
      if (parts.length === 2) break;
      const part = this.setting(schema, settings[key], settings);
      if (part !== "") parts.push(part);
    }
    return parts.join(" · ");
  }

  value(clause: Clause, scope: "order" | "item"): string {
    const field = fieldAt(this.palette, clause.field, scope);
    const one = (value: Json): string => {
      const choice = field?.choices.find((known) => known.key === value);
      return choice?.label ?? plain(value);
    };
    const { value } = clause;
    if (value === undefined) return "";
    return Array.isArray(value) ? value.map(one).join(this.say("listJoin")) : one(value);
  }

  /** Any setting by itself, as short as it can be said. */
  one(schema: Schema, value: Json | undefined): string {
    const { type, format, enum: known, options, items, properties } = schema;
    const widget = schema["x-widget"];
    const plainly = {
      type,
      format: widget === "field" ? widget : format,
      enum: known,
      options,
      items,
      properties,
      "x-widget": widget,
    };
    return this.setting(plainly as Schema, value, {});
  }

  private group(group: Group, scope: "order" | "item"): string {
    const joint = ` ${this.say(group.mode === "all" || group.mode === "notall" ? "and" : "or")} `;
    const rows = group.rows.map((row) => this.row(row, scope));
    const text = rows.join(joint);
    return group.mode === "none" || group.mode === "notall" ? `${this.say("not")} (${text})` : text;
  }

  private row(condition: Condition, scope: "order" | "item"): string {
    const row = rowOf(condition);
    switch (row.shape) {
      case "clause":
        return this.clause(row.clause, scope);
      case "group":
        return `(${this.group(row.group, scope)})`;
      case "items": {
        const what = this.group(row.group, "item");
        return this.say(row.which === "any_item" ? "sentenceAnyItem" : "sentenceEveryItem", { what });
      }
    }
  }

  private clause(clause: Clause, scope: "order" | "item"): string {
    const field = fieldAt(this.palette, clause.field, scope);
    const operators = field === undefined ? [] : this.palette.operators[field.kind];
    const op = operators.find((known) => known.op === clause.op)?.label ?? clause.op;
    const value = takesValue(clause.op) ? ` ${this.value(clause, scope)}` : "";
    return `${field?.label ?? clause.field} ${op}${value}`;
  }

  private setting(schema: Schema, value: Json | undefined, siblings: Settings): string {
    if (value === undefined || value === null || value === "") return "";
    if (schema["x-advanced"] || !applies(schema, siblings)) return "";
    if (schema.format === "condition") return this.condition(value as Condition);
    if (schema["x-widget"] === "addressee") return this.addressee(said(value as Words, this.language));
    if (schema.format === "template") return this.template(said(value as Words, this.language));
    if (schema.format === "who") return this.who(value as Settings);
    if (schema.enum !== undefined) return schema.options?.[String(value)] ?? String(value);
    if (schema["x-widget"] === "team") return labelOf(this.teams(), String(value));
    if (schema["x-widget"] === "notifier") return labelOf(this.palette.notifiers, String(value));
    if (schema["x-widget"] === "system") return labelOf(this.palette.systems, String(value));
    if (schema["x-widget"] === "calendar") return labelOf(this.palette.calendars, String(value));
    if (schema["x-widget"] === "flow") return labelOf(this.palette.flows, String(value));
    if (schema["x-widget"] === "flow-version") return this.say("versionTold", { version: plain(value) });
    if (schema.format === "field")
      return fieldAt(this.palette, String(value), "order")?.label ?? String(value);
    if (Array.isArray(value)) return this.list(schema, value);
    if (typeof value === "object") return said(value as Words, this.language);
    const unit = UNIT_WORDS[schema["x-widget"] ?? ""];
    if (unit !== undefined) return `${plain(value)} ${this.say(unit)}`;
    return typeof value === "number" && schema.title !== undefined
      ? `${schema.title}: ${value}`
      : plain(value);
  }

  /** A template with the names of its fields in place of their paths. */
  private template(text: string): string {
    const label = (path: string): string =>
      fieldAt(this.palette, path.split(":")[0] ?? "", "order")?.label ?? path;
    return text.replace(/\{([^{}]*)\}/g, (_, path: string) => `‹${label(path)}›`);
  }

  private addressee(text: string): string {
    const known = addresseeOf(text);
    return known === null
      ? this.template(text)
      : labelOf(known.kind === "team" ? this.teams() : this.palette[LISTS[known.kind] ?? "teams"], known.who);
  }

  private list(schema: Schema, values: readonly Json[]): string {
    if (values.length === 0) return "";
    const items = schema.items;
    if (items?.properties === undefined) {
      if (values.length > 2) return counted(schema, values);
      return values.map((value) => this.setting(items ?? {}, value, {})).join(this.say("listJoin"));
    }
    if ("field" in items.properties && "value" in items.properties) {
      const changes = (values as readonly Settings[]).filter((change) => change.field !== undefined);
      return changes.map((change) => this.change(change)).join(this.say("listJoin"));
    }
    if (items.properties.when === undefined || values.length > 1) {
      return counted(schema, values);
    }
    return this.condition((values[0] as Settings).when as Condition | undefined);
  }

  private change(change: Settings): string {
    const field = fieldAt(this.palette, String(change.field ?? ""), "order");
    const choice = field?.choices.find((known) => known.key === change.value);
    if (change.take === "field") {
      const from = fieldAt(this.palette, String(change.from ?? ""), "order");
      return `${field?.label ?? String(change.field ?? "")} → ‹${from?.label ?? plain(change.from)}›`;
    }
    return `${field?.label ?? String(change.field ?? "")} → ${choice?.label ?? plain(change.value)}`;
  }

  private who(who: Settings): string {
    const value = String(who.value ?? "");
    switch (who.kind) {
      case "person":
        return labelOf(this.palette.people, value);
      case "team":
        return labelOf(this.teams(), value);
      case "role":
        return labelOf(this.palette.roles, value);
      case "field":
        return fieldAt(this.palette, value, "order")?.label ?? value;
      case "lead":
        return this.say("whoLead");
      default:
        return value;
    }
  }
}

/** Where an addressee's kind finds its names. */
export const LISTS: Readonly<Record<string, "teams" | "people" | "roles">> = {
  team: "teams",
  person: "people",
  role: "roles",
};

/** The team, person or duty of an addressee such as `team:warehouse`; null for an address. */
export function addresseeOf(text: string): { readonly kind: string; readonly who: string } | null {
  const found = /^(team|person|role):([^{}]+)$/.exec(text);
  return found === null ? null : { kind: found[1] ?? "", who: found[2] ?? "" };
}

export const UNIT_WORDS: Readonly<Record<string, Word>> = {
  minutes: "minutes",
  seconds: "seconds",
  percent: "percent",
};

/** Whether a setting is to be shown, given its siblings: see `x-when` and `x-when-any`. */
export function applies(schema: Schema, siblings: Settings, defaults: Settings = {}): boolean {
  const has = ([sibling, values]: [string, readonly Json[]]): boolean =>
    values.includes(siblings[sibling] ?? defaults[sibling] ?? null);
  const any = schema["x-when-any"];
  return (
    Object.entries(schema["x-when"] ?? {}).every(has) && (any === undefined || Object.entries(any).some(has))
  );
}

function counted(schema: Schema, values: readonly Json[]): string {
  return schema.title === undefined ? String(values.length) : `${schema.title}: ${values.length}`;
}

function labelOf(known: readonly { key: string; label: string }[], key: string): string {
  return known.find((one) => one.key === key)?.label ?? key;
}

function plain(value: Json | undefined): string {
  if (value === undefined || value === null) return "–";
  if (typeof value === "object" && !Array.isArray(value) && "amount" in value) {
    const money = value as { readonly amount: Json; readonly currency?: Json };
    return `${grouped(String(money.amount))} ${String(money.currency ?? "")}`.trim();
  }
  if (Array.isArray(value)) return value.map((one: Json) => plain(one)).join(", ");
  return String(value);
}

/** Thousands set apart: 5000.00 is 5,000.00. */
export function grouped(amount: string): string {
  const [whole = "", rest] = amount.split(".");
  const apart = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return rest === undefined ? apart : `${apart}.${rest}`;
}
