/** A condition as rows of a sentence: field, comparison, value; in groups, over items, and turned around. */

import {
  blankClause,
  blankValue,
  type Clause,
  type Condition,
  conditionOf,
  conditionOfRow,
  fieldAt,
  type Group,
  groupOf,
  type Mode,
  type Row,
  rowOf,
  takesList,
  takesValue,
  withField,
  withOperator,
} from "../conditions";
import type { Json } from "../document";
import { button, h, icon } from "../dom";
import type { OrderField } from "../palette-types";
import type { Word } from "../words";
import type { FieldMaker, FormContext } from "./context";
import { fieldSelect, momentInput, moneyInput, select } from "./fields";
import { partAt, told } from "./place";

type Scope = "order" | "item";

/** Where a part of a condition stands, and how it is changed: always from what it is now. */
interface Spot {
  /** The path of this part in the settings, like `rules.0.when.all.1`. */
  readonly field: string;
  readonly scope: Scope;
  readonly context: FormContext;
  readonly change: (change: (present: Condition) => Condition, rebuild: boolean) => void;
}

const MODES: readonly (readonly [Mode, Word])[] = [
  ["all", "matchAll"],
  ["any", "matchAny"],
  ["none", "matchNone"],
  ["notall", "matchNotAll"],
];

const ROWS_AT: Readonly<Record<Mode, string>> = {
  all: "all",
  any: "any",
  none: "not.any",
  notall: "not.all",
};

export const conditionField: FieldMaker = (_schema, path, value, context) =>
  groupElement(groupOf(value as Condition | undefined), {
    field: told(path),
    scope: "order",
    context,
    change: (change, rebuild) => {
      const present = partAt(context.settings(), path) as Condition | undefined;
      context.change(path, change(present ?? { all: [] }) as Json, rebuild);
    },
  });

function groupElement(group: Group, spot: Spot, remove?: () => void): HTMLElement {
  const { say } = spot.context;
  const changeGroup = (change: (present: Group) => Group, rebuild: boolean): void =>
    spot.change((present) => conditionOf(change(groupOf(present))), rebuild);
  const rowsAt = `${spot.field}.${ROWS_AT[group.mode]}`;
  const rows = group.rows.map((condition, index) => {
    const changeRow: Spot["change"] = (change, rebuild) =>
      changeGroup(
        ({ mode, rows }) => ({ mode, rows: rows.map((row, place) => (place === index ? change(row) : row)) }),
        rebuild,
      );
    const drop = (): void =>
      changeGroup(({ mode, rows }) => ({ mode, rows: rows.filter((_, place) => place !== index) }), true);
    return rowElement(rowOf(condition), { ...spot, field: `${rowsAt}.${index}`, change: changeRow }, drop);
  });
  const shownMode = group.rows.length > 1 || group.mode !== "all" || remove !== undefined;
  return h(
    "div",
    { class: "condition-group" },
    shownMode &&
      h(
        "div",
        { class: "condition-head" },
        modeSelect(group, spot, (mode) => changeGroup(({ rows }) => ({ mode, rows }), true)),
        remove !== undefined && button(say("remove"), remove, { icon: "close" }),
      ),
    rows.length === 0
      ? h("p", { class: "condition-empty" }, say("conditionEmpty"))
      : h("ul", { class: "condition-rows" }, ...rows),
    adders(group, spot, (row) => {
      changeGroup(({ mode, rows }) => ({ mode, rows: [...rows, conditionOfRow(row)] }), true);
    }),
  );
}

function modeSelect(group: Group, spot: Spot, choose: (mode: Mode) => void): HTMLSelectElement {
  const { say } = spot.context;
  const options = MODES.map(([mode, word]) => ({ key: mode, label: say(word) }));
  const list = select(options, group.mode, `${spot.field}.mode`, (key) => choose(key as Mode), spot.context);
  list.setAttribute("aria-label", say("operator"));
  list.classList.add("condition-mode");
  return list;
}

function adders(group: Group, spot: Spot, add: (row: Row) => void): HTMLElement {
  const { say, palette } = spot.context;
  const adder = (word: Word, name: string, make: () => Row): HTMLElement =>
    h(
      "button",
      {
        type: "button",
        class: "add-chip",
        "data-field": `${spot.field}.${name}`,
        click: () => add(make()),
      },
      icon("plus"),
      say(word),
    );
  const clause = (): Row => ({ shape: "clause", clause: blankClause(palette, spot.scope) });
  const nested = (): Row => ({
    shape: "group",
    group: { mode: group.mode === "any" ? "all" : "any", rows: [conditionOfRow(clause())] },
  });
  const items = (): Row => ({
    shape: "items",
    which: "any_item",
    group: { mode: "all", rows: [conditionOfRow({ shape: "clause", clause: blankClause(palette, "item") })] },
  });
  return h(
    "div",
    { class: "condition-adders" },
    adder("addCondition", "add", clause),
    spot.scope === "order" && adder("addItems", "add-items", items),
    adder("addGroup", "add-group", nested),
  );
}

function rowElement(row: Row, spot: Spot, remove: () => void): HTMLElement {
  switch (row.shape) {
    case "clause":
      return clauseElement(row.clause, spot, remove);
    case "group":
      return h("li", { class: "condition-nested" }, groupElement(row.group, spot, remove));
    case "items":
      return itemsElement(row.which, row.group, spot, remove);
  }
}

function itemsElement(
  which: "any_item" | "every_item",
  group: Group,
  spot: Spot,
  remove: () => void,
): HTMLElement {
  const { say } = spot.context;
  const choose = (key: string): void =>
    spot.change((present) => ({ [key]: present[which] ?? conditionOf(group) }), true);
  const options = [
    { key: "any_item", label: say("anyItem") },
    { key: "every_item", label: say("everyItem") },
  ];
  const list = select(options, which, `${spot.field}.which`, choose, spot.context);
  list.classList.add("condition-mode");
  list.setAttribute("aria-label", say("itemFields"));
  const inner: Spot = {
    ...spot,
    field: `${spot.field}.${which}`,
    scope: "item",
    change: (change, rebuild) =>
      spot.change((present) => ({ [which]: change((present[which] ?? { all: [] }) as Condition) }), rebuild),
  };
  return h(
    "li",
    { class: "condition-nested is-items" },
    h(
      "div",
      { class: "condition-head" },
      icon("box"),
      list,
      button(say("remove"), remove, { icon: "close" }),
    ),
    groupElement(group, inner),
  );
}

function clauseElement(clause: Clause, spot: Spot, remove: () => void): HTMLElement {
  const { palette, say } = spot.context;
  const field = fieldAt(palette, clause.field, spot.scope);
  const changeClause = (change: (present: Clause) => Clause, rebuild: boolean): void =>
    spot.change((present) => ({ ...change(present as unknown as Clause) }), rebuild);
  const pickField = (path: string): void => {
    const chosen = fieldAt(palette, path, spot.scope);
    if (chosen !== undefined) changeClause((present) => withField(palette, present, chosen), true);
  };
  const pickOperator = (op: string): void => {
    if (field !== undefined) changeClause((present) => withOperator(palette, present, op, field), true);
  };
  return h(
    "li",
    { class: "clause", "data-home": spot.field },
    h(
      "div",
      { class: "clause-field" },
      fieldSelect({}, clause.field, `${spot.field}.field`, spot.context, spot.scope, pickField),
      button(say("remove"), remove, { icon: "close" }),
    ),
    field !== undefined &&
      h(
        "div",
        { class: "clause-test" },
        operatorSelect(clause, field, spot, pickOperator),
        takesValue(clause.op) &&
          valueInput(clause, field, spot, (value) =>
            changeClause((present) => ({ ...present, value }), false),
          ),
      ),
    h("div", { class: "form-problems", "aria-live": "polite" }),
  );
}

function operatorSelect(
  clause: Clause,
  field: OrderField,
  spot: Spot,
  choose: (op: string) => void,
): HTMLSelectElement {
  const options = spot.context.palette.operators[field.kind].map((one) => ({
    key: one.op,
    label: one.label,
  }));
  const list = select(options, clause.op, `${spot.field}.op`, choose, spot.context);
  list.setAttribute("aria-label", spot.context.say("operator"));
  return list;
}

function valueInput(
  clause: Clause,
  field: OrderField,
  spot: Spot,
  store: (value: Json) => void,
): HTMLElement {
  const { context } = spot;
  const name = `${spot.field}.value`;
  const blank = blankValue(context.palette, field, clause.op);
  if (takesList(clause.op)) return listInput(clause, field, name, context, store);
  switch (field.kind) {
    case "money":
      return moneyInput(clause.value, name, context, (value) => store(value ?? blank));
    case "time":
      return momentInput(clause.value, name, context, (value) => store(value ?? ""));
    case "choice": {
      const list = select(field.choices, String(clause.value ?? ""), name, store, context);
      list.setAttribute("aria-label", context.say("value"));
      return list;
    }
    default:
      return plainInput(clause, field, name, context, store);
  }
}

function plainInput(
  clause: Clause,
  field: OrderField,
  name: string,
  context: FormContext,
  store: (value: Json) => void,
): HTMLElement {
  const numeric = field.kind === "number";
  const input = h("input", {
    class: "input",
    type: "text",
    inputmode: numeric ? "decimal" : null,
    value: clause.value === undefined ? "" : String(clause.value),
    "aria-label": context.say("value"),
    "data-field": name,
    list: exampleList(field, context),
    input: () =>
      store(field.kind === "text" || field.kind === "texts" ? input.value : read(input.value, numeric)),
  });
  return input;
}

/** The id of a list of what recent orders hold in a field, to choose from while typing; null where that is masked. */
function exampleList(field: OrderField, context: FormContext): string | null {
  const { samples } = context;
  if (field.kind !== "text" && field.kind !== "texts" && field.kind !== "any") return null;
  const id = `examples-${field.scope}-${field.path}`;
  void samples.load().then(() => {
    const whole = samples.of(field.scope, field.path).filter((one) => !/[*…]/.test(one));
    const options = whole.map((value) => h("option", { value }));
    document.getElementById(id)?.remove();
    document.body.append(h("datalist", { id }, ...options));
  });
  return id;
}

function listInput(
  clause: Clause,
  field: OrderField,
  name: string,
  context: FormContext,
  store: (value: Json) => void,
): HTMLElement {
  const values = Array.isArray(clause.value) ? (clause.value as readonly Json[]) : [];
  if (field.kind === "choice" && field.choices.length <= 12) {
    return choiceChecks(values.map(String), field, name, store);
  }
  const plain = field.kind === "text" || field.kind === "choice";
  const input = h("input", {
    class: "input",
    type: "text",
    value: values.map(String).join(", "),
    placeholder: context.say("severalValues"),
    "aria-label": context.say("severalValues"),
    "data-field": name,
    input: () => {
      const parts = input.value.split(/[,，、]/).map((part) => part.trim());
      const told = parts.filter((part) => part !== "");
      store(plain ? told : told.map((part) => read(part, field.kind === "number")));
    },
  });
  return input;
}

function choiceChecks(
  values: readonly string[],
  field: OrderField,
  name: string,
  store: (value: Json) => void,
): HTMLElement {
  const chosen = new Set(values);
  return h(
    "div",
    { class: "checks" },
    ...field.choices.map((choice) => {
      const box = h("input", {
        type: "checkbox",
        "data-field": `${name}.${choice.key}`,
        change: () => {
          if (box.checked) chosen.add(choice.key);
          else chosen.delete(choice.key);
          store(field.choices.map((one) => one.key).filter((key) => chosen.has(key)));
        },
      });
      box.checked = chosen.has(choice.key);
      return h("label", { class: "check" }, box, h("span", {}, choice.label));
    }),
  );
}

/** A number where a number is meant; any other text stays text (the server says what is wrong with it). */
function read(text: string, numeric: boolean): Json {
  const looksNumeric = /^-?\d+(\.\d+)?$/.test(text.trim());
  return looksNumeric && (numeric || text === text.trim()) ? Number(text) : text;
}
