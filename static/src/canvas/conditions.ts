/** Conditions as the form edits them. The JSON stays the truth; a `Group` is how a part of it is shown. */

import type { Json } from "./document";
import type { OrderField, Palette } from "./palette-types";

export type Condition = { readonly [key: string]: Json };

export interface Clause {
  readonly field: string;
  readonly op: string;
  readonly value?: Json;
}

export type Mode = "all" | "any" | "none" | "notall";

export interface Group {
  readonly mode: Mode;
  readonly rows: readonly Condition[];
}

export type Row =
  | { readonly shape: "clause"; readonly clause: Clause }
  | { readonly shape: "group"; readonly group: Group }
  | { readonly shape: "items"; readonly which: "any_item" | "every_item"; readonly group: Group };

/** Operators that stand alone: they take no value. */
export const VALUELESS: ReadonlySet<string> = new Set(["is_true", "is_false", "missing", "null", "known"]);

const LISTED: ReadonlySet<string> = new Set(["in", "not_in"]);

export function takesValue(op: string): boolean {
  return !VALUELESS.has(op);
}

export function takesList(op: string): boolean {
  return LISTED.has(op);
}

/** The whole of a condition as one group, whatever its root is. */
export function groupOf(condition: Condition | undefined): Group {
  if (!isCondition(condition)) return { mode: "all", rows: [] };
  if (isList(condition.all)) return { mode: "all", rows: condition.all.filter(isCondition) };
  if (isList(condition.any)) return { mode: "any", rows: condition.any.filter(isCondition) };
  const inner = condition.not;
  if (isCondition(inner)) {
    if (isList(inner.any)) return { mode: "none", rows: inner.any.filter(isCondition) };
    if (isList(inner.all)) return { mode: "notall", rows: inner.all.filter(isCondition) };
    return { mode: "notall", rows: [inner] };
  }
  // What is no condition at all, as after a paste, is none: the problems tell of it.
  return { mode: "all", rows: isSingle(condition) ? [condition] : [] };
}

export function conditionOf({ mode, rows }: Group): Condition {
  switch (mode) {
    case "all":
      return { all: rows };
    case "any":
      return { any: rows };
    case "none":
      return { not: { any: rows } };
    case "notall":
      return { not: { all: rows } };
  }
}

export function rowOf(condition: Condition): Row {
  if (isCondition(condition.any_item)) {
    return { shape: "items", which: "any_item", group: groupOf(condition.any_item) };
  }
  if (isCondition(condition.every_item)) {
    return { shape: "items", which: "every_item", group: groupOf(condition.every_item) };
  }
  if (typeof condition.field === "string") {
    const { field, op, value } = condition;
    const clause: Clause = { field, op: typeof op === "string" ? op : "eq" };
    return { shape: "clause", clause: value === undefined ? clause : { ...clause, value } };
  }
  return { shape: "group", group: groupOf(condition) };
}

export function conditionOfRow(row: Row): Condition {
  switch (row.shape) {
    case "clause":
      return { ...row.clause };
    case "group":
      return conditionOf(row.group);
    case "items":
      return { [row.which]: conditionOf(row.group) };
  }
}

/** The field of a path in the catalogue; `attributes.<name>` is free and of kind `any`. */
export function fieldAt(palette: Palette, path: string, scope: "order" | "item"): OrderField | undefined {
  const known = palette.fields.find((field) => field.path === path && field.scope === scope);
  if (known !== undefined) return known;
  if (!path.startsWith("attributes.")) return undefined;
  return { path, label: path.slice("attributes.".length), kind: "any", scope, choices: [] };
}

/** The clause that a change of field leaves: operator and value stay where they still fit. */
export function withField(palette: Palette, clause: Clause, field: OrderField): Clause {
  const ops = palette.operators[field.kind];
  const before = fieldAt(palette, clause.field, field.scope);
  const op = ops.some((known) => known.op === clause.op) ? clause.op : (ops[0]?.op ?? "known");
  const fits = before?.kind === field.kind && field.kind !== "choice" && takesValue(op);
  return fits && clause.value !== undefined
    ? { field: field.path, op, value: clause.value }
    : withOperator(palette, { field: field.path, op: "" }, op, field);
}

export function withOperator(palette: Palette, clause: Clause, op: string, field: OrderField): Clause {
  if (!takesValue(op)) return { field: clause.field, op };
  const wasList = takesList(clause.op);
  if (clause.value !== undefined && takesValue(clause.op)) {
    if (wasList === takesList(op)) return { field: clause.field, op, value: clause.value };
    const value = wasList ? ((clause.value as readonly Json[])[0] ?? "") : [clause.value];
    return { field: clause.field, op, value };
  }
  return { field: clause.field, op, value: blankValue(palette, field, op) };
}

export function blankValue(palette: Palette, field: OrderField, op: string): Json {
  if (takesList(op)) return [];
  switch (field.kind) {
    case "money":
      return { amount: "", currency: palette.currency };
    case "number":
      return 0;
    case "choice":
      return field.choices[0]?.key ?? "";
    default:
      return "";
  }
}

export function blankClause(palette: Palette, scope: "order" | "item"): Clause {
  const path = scope === "order" ? "total" : "custom";
  const field = fieldAt(palette, path, scope) ?? palette.fields.find((known) => known.scope === scope);
  if (field === undefined) return { field: path, op: "known" };
  const op = field.kind === "money" ? "gt" : (palette.operators[field.kind][0]?.op ?? "known");
  return withOperator(palette, { field: field.path, op: "" }, op, field);
}

function isSingle({ field, any_item: any, every_item: every }: Condition): boolean {
  return typeof field === "string" || isCondition(any) || isCondition(every);
}

function isList(value: Json | undefined): value is readonly Condition[] {
  return Array.isArray(value);
}

function isCondition(value: Json | undefined): value is Condition {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
