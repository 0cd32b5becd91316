/** What is plainly wrong with settings by their schema, told at once while somebody types. The server has the last word. */

import { type Clause, type Condition, groupOf, rowOf } from "../conditions";
import type { Json, Settings } from "../document";
import type { Schema } from "../palette-types";
import { applies } from "../sentence";
import type { Word } from "../words";

export interface Finding {
  readonly where: string;
  readonly word: Word;
  readonly values: Readonly<Record<string, string | number>>;
}

const AMOUNT = /^-?\d+(\.\d+)?$/;

/** Everything that is wrong with these settings, by path. */
export function findings(schema: Schema, settings: Settings): readonly Finding[] {
  return inObject(schema, settings, "");
}

function inObject(schema: Schema, settings: Settings, at: string): readonly Finding[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    if (property["x-later"] === true || !applies(property, settings)) return [];
    const where = at === "" ? key : `${at}.${key}`;
    const value = settings[key];
    if (value === undefined || value === "") {
      const asked = schema.required?.includes(key) === true && property.default === undefined;
      return asked ? [{ where, word: "asksFilling" as const, values: {} }] : [];
    }
    return inValue(property, value, where);
  });
}

function inValue(schema: Schema, value: Json, where: string): readonly Finding[] {
  if (schema.format === "condition") return inCondition(value as Condition, where);
  if (typeof value === "number") return inNumber(schema, value, where);
  if (typeof value === "string") return inText(schema, value, where);
  if (Array.isArray(value)) return inList(schema, value as readonly Json[], where);
  if (typeof value !== "object" || value === null) return [];
  if (schema.properties !== undefined) return inObject(schema, value as Settings, where);
  // A text in several languages.
  return Object.values(value as Settings).flatMap((text) =>
    typeof text === "string" ? inText(schema, text, where) : [],
  );
}

function inNumber({ minimum, maximum }: Schema, value: number, where: string): readonly Finding[] {
  if (minimum !== undefined && value < minimum)
    return [{ where, word: "asksAtLeast", values: { least: minimum } }];
  if (maximum !== undefined && value > maximum)
    return [{ where, word: "asksAtMost", values: { most: maximum } }];
  return [];
}

function inText(
  { minLength = 0, maxLength, pattern }: Schema,
  value: string,
  where: string,
): readonly Finding[] {
  const length = [...value].length;
  if (length < minLength) {
    return minLength === 1
      ? [{ where, word: "asksFilling", values: {} }]
      : [{ where, word: "asksLonger", values: { least: minLength } }];
  }
  if (maxLength !== undefined && length > maxLength) {
    return [{ where, word: "asksShorter", values: { most: maxLength, over: length - maxLength } }];
  }
  if (pattern !== undefined && !new RegExp(pattern, "u").test(value)) {
    return [{ where, word: "asksPattern", values: {} }];
  }
  return [];
}

function inList(schema: Schema, value: readonly Json[], where: string): readonly Finding[] {
  const { minItems, maxItems, items } = schema;
  if (minItems !== undefined && value.length < minItems) {
    return [{ where, word: "asksMore", values: { least: minItems } }];
  }
  if (maxItems !== undefined && value.length > maxItems) {
    return [{ where, word: "asksFewer", values: { most: maxItems } }];
  }
  return items === undefined ? [] : value.flatMap((one, index) => inValue(items, one, `${where}.${index}`));
}

/** Where the rows of a group stand: as the form draws it, whatever short form the condition has. */
const ROWS_AT = { all: "all", any: "any", none: "not.any", notall: "not.all" } as const;

function inCondition(condition: Condition, where: string): readonly Finding[] {
  const { mode, rows } = groupOf(condition);
  return rows.flatMap((one, index) => {
    const at = `${where}.${ROWS_AT[mode]}.${index}`;
    const row = rowOf(one);
    switch (row.shape) {
      case "clause":
        return inClause(row.clause, at);
      case "group":
        return inCondition(one, at);
      case "items":
        return inCondition(one[row.which] as Condition, `${at}.${row.which}`);
    }
  });
}

function inClause({ value }: Clause, at: string): readonly Finding[] {
  const where = `${at}.value`;
  if (value === "" || (Array.isArray(value) && value.length === 0)) {
    return [{ where, word: "asksFilling", values: {} }];
  }
  if (typeof value !== "object" || value === null || Array.isArray(value) || !("amount" in value)) return [];
  const amount = String((value as Settings).amount ?? "").trim();
  return AMOUNT.test(amount) ? [] : [{ where, word: "asksAmount", values: {} }];
}
