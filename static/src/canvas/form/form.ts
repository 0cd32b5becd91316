/** The form of a step, made from its JSON Schema. */

import { freshId, h, icon } from "../dom";
import type { Json, Settings } from "../document";
import type { Problem } from "../editor";
import type { NodeKind, Palette, Schema } from "../palette-types";
import { applies, type Sentences } from "../sentence";
import type { Say } from "../words";
import { addresseeField } from "./addressee-field";
import { calendarField } from "./calendar-field";
import { conditionField } from "./condition-field";
import { findings } from "./checks";
import type { FieldMaker, FormContext, RowMaker } from "./context";
import {
  checksField,
  choiceField,
  fieldField,
  namedField,
  numberField,
  switchField,
  textField,
  textsField,
  timeField,
  valueField,
  wordsField,
} from "./fields";
import { flowField, versionField } from "./flow-field";
import { listField } from "./list-field";
import { type Path, told, withPart } from "./place";
import type { Samples } from "./samples";
import { templateField } from "./template-field";
import { whoField } from "./who-field";

export interface FormSurroundings {
  readonly palette: Palette;
  readonly sentences: Sentences;
  readonly say: Say;
  readonly language: string;
  readonly samples: Samples;
  readonly addTeam: ((name: string) => string) | undefined;
  readonly flowAddress: FormContext["flowAddress"];
  /** The form was drawn anew: what others write into it is to be written again. */
  readonly drawn?: () => void;
  /** A button that mends a problem, where there is one. */
  readonly remedy?: (problem: Problem) => HTMLElement | false;
  /** The settings changed; `key` names the field, so that typing into one is one step of undo. */
  readonly changed: (settings: Settings, key: string | undefined) => void;
}

export class Form {
  readonly element = h("div", { class: "form" });
  private problems: readonly Problem[] = [];
  /** Fields that were changed since the server last told what is wrong, and what the schema finds in them. */
  private readonly touched = new Set<string>();
  private moreOpen = false;

  constructor(
    private readonly kind: NodeKind,
    private settings: Settings,
    private readonly surroundings: FormSurroundings,
  ) {
    this.build();
  }

  /** Show these settings, unless they are what the form itself has just reported. */
  show(settings: Settings): void {
    if (settings === this.settings) return;
    this.settings = settings;
    this.rebuild();
  }

  /** Put every problem beside its field. Gives those that belong to no field of the form. */
  showProblems(problems: readonly Problem[]): readonly Problem[] {
    if (problems !== this.problems) this.touched.clear();
    this.problems = problems;
    return this.drawProblems([...problems.filter((one) => !this.isStale(one)), ...this.foundHere()]);
  }

  /** What the schema finds in the fields that were just changed; the server will say so too, or say better. */
  private foundHere(): readonly Problem[] {
    if (this.touched.size === 0) return [];
    const { say } = this.surroundings;
    return findings(this.kind.schema, this.settings)
      .filter(({ where }) => this.isTouched(where))
      .map(({ where, word, values }) => ({
        level: "error" as const,
        code: word,
        text: say(word, values),
        remedy: "",
        node: null,
        where,
      }));
  }

  /** A problem of a field that was changed since is no longer known to be there. */
  private isStale(problem: Problem): boolean {
    return problem.where !== "" && this.isTouched(problem.where);
  }

  private isTouched(where: string): boolean {
    return [...this.touched].some((path) => where === path || where.startsWith(`${path}.`));
  }

  private drawProblems(problems: readonly Problem[]): readonly Problem[] {
    for (const slot of this.element.querySelectorAll<HTMLElement>(".form-problems")) slot.replaceChildren();
    for (const control of this.element.querySelectorAll("[aria-invalid]"))
      control.removeAttribute("aria-invalid");
    const homeless: Problem[] = [];
    for (const problem of problems) {
      const home = this.homeOf(problem.where);
      if (home === null) {
        homeless.push(problem);
        continue;
      }
      const slot = home.querySelector<HTMLElement>(":scope > .form-problems");
      slot?.append(problemElement(problem, this.surroundings.remedy));
      this.controlOf(problem.where, home)?.setAttribute("aria-invalid", "true");
    }
    return homeless;
  }

  /** Bring the cursor to the field of a path, or to the nearest that holds it. */
  focus(where: string): void {
    const home = this.homeOf(where);
    if (home === null) return;
    home.closest("details")?.setAttribute("open", "");
    home.scrollIntoView({ block: "nearest" });
    (this.controlOf(where, home) ?? home.querySelector("button"))?.focus();
  }

  /** The control of a path in its home; of a path into a value (an amount's) the control of that value. */
  private controlOf(where: string, home: HTMLElement): HTMLElement | null {
    for (let path = where; path !== ""; path = parentOf(path)) {
      const exact = home.querySelector<HTMLElement>(`[data-field="${CSS.escape(path)}"]`);
      if (exact !== null) return exact;
    }
    const controls = home.querySelectorAll<HTMLElement>("input, select, textarea, [contenteditable]");
    return [...controls].find((control) => control.offsetParent !== null) ?? null;
  }

  private homeOf(where: string): HTMLElement | null {
    for (let path = where; path !== ""; path = parentOf(path)) {
      const home = this.element.querySelector<HTMLElement>(`[data-home="${CSS.escape(path)}"]`);
      if (home !== null) return home;
    }
    return null;
  }

  private build(): void {
    const context: FormContext = {
      ...this.surroundings,
      kind: this.kind,
      settings: () => this.settings,
      change: (path, value, rebuild = false) => this.change(path, value, rebuild),
      row: fieldRow,
    };
    const main: HTMLElement[] = [];
    const more: HTMLElement[] = [];
    const properties = this.kind.schema.properties ?? {};
    const defaults = defaultsOf(this.kind.schema);
    for (const [key, schema] of Object.entries(properties)) {
      if (schema["x-later"] === true || !applies(schema, this.settings, defaults)) continue;
      if (schema["x-old"] === true && this.settings[key] === undefined) continue;
      const required = this.kind.schema.required?.includes(key) ?? false;
      const row = fieldRow(schema, [key], this.settings[key], context, this.settings, required);
      (schema["x-advanced"] === true ? more : main).push(row);
    }
    this.element.replaceChildren(...main);
    if (main.length + more.length === 0) {
      this.element.append(h("p", { class: "form-empty" }, this.surroundings.say("stepHasNoSettings")));
    }
    if (more.length > 0) this.element.append(this.moreElement(more));
    this.surroundings.drawn?.();
  }

  private moreElement(rows: readonly HTMLElement[]): HTMLElement {
    const details = h(
      "details",
      { class: "form-more", open: this.moreOpen },
      h("summary", {}, icon("chevron"), this.surroundings.say("more")),
      ...rows,
    );
    details.addEventListener("toggle", () => {
      this.moreOpen = details.open;
    });
    return details;
  }

  private change(path: Path, value: Json | undefined, rebuild: boolean): void {
    this.settings = withPart(this.settings, path, value) as Settings;
    const decides = isAskedFor(path, this.kind.schema);
    this.touched.add(told(path));
    this.surroundings.changed(this.settings, rebuild ? undefined : told(path));
    if (rebuild || decides) this.rebuild();
    else this.showProblems(this.problems);
  }

  private rebuild(): void {
    const active = document.activeElement;
    const focused =
      active instanceof HTMLElement && this.element.contains(active) ? active.dataset.field : undefined;
    this.build();
    this.showProblems(this.problems);
    if (focused !== undefined) {
      this.element.querySelector<HTMLElement>(`[data-field="${CSS.escape(focused)}"]`)?.focus();
    }
  }
}

/** Whether another setting beside the one at the path is shown or hidden by it. */
function isAskedFor(path: Path, schema: Schema | undefined): boolean {
  const [key = "", ...further] = path;
  if (further.length > 0) {
    const part = typeof key === "number" ? schema?.items : schema?.properties?.[key];
    return isAskedFor(further, part);
  }
  return Object.values(schema?.properties ?? {}).some(
    (sibling) => key in { ...sibling["x-when"], ...sibling["x-when-any"] },
  );
}

function parentOf(path: string): string {
  return path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : "";
}

/** A labelled field with room for its problems. */
const fieldRow: RowMaker = (schema, path, value, context, siblings, required) => {
  const maker = makerOf(schema);
  const control = maker(schema, path, value, context, siblings);
  const target = control.matches("input, select, textarea")
    ? control
    : control.querySelector<HTMLElement>("[data-label-target]");
  const id = target === null ? undefined : target.id || freshId("field");
  if (target !== null && id !== undefined) target.id = id;
  const title = schema.title ?? String(path.at(-1));
  const label =
    id !== undefined
      ? h("label", { for: id }, title, required && mark(context))
      : h("span", { class: "label" }, title, required && mark(context));
  if (id === undefined) {
    control.setAttribute("role", control.getAttribute("role") ?? "group");
    control.setAttribute("aria-label", title);
  }
  const inline = maker === switchField;
  const help = schema.help !== undefined && schema.help !== "" && h("span", { class: "hint" }, schema.help);
  const problems = h("div", { class: "form-problems", id: freshId("problems"), "aria-live": "polite" });
  if (help !== false) help.id = freshId("help");
  const describes = [help === false ? "" : help.id, problems.id].join(" ").trim();
  (target ?? control).setAttribute("aria-describedby", describes);
  return h(
    "div",
    { class: `field${inline ? " is-inline" : ""}`, "data-home": told(path) },
    label,
    help,
    control,
    problems,
  );
};

export function problemElement(
  problem: Problem,
  remedy: (problem: Problem) => HTMLElement | false = () => false,
): HTMLElement {
  return h(
    "p",
    { class: `form-problem is-${problem.level}` },
    icon(problem.level === "error" ? "error" : "alert"),
    h(
      "span",
      {},
      problem.text,
      problem.remedy !== "" && h("span", { class: "remedy" }, ` ${problem.remedy}`),
      remedy(problem),
    ),
  );
}

function mark(context: FormContext): HTMLElement {
  return h("span", { class: "required", title: context.say("required"), "aria-hidden": "true" }, " *");
}

function defaultsOf(schema: Schema): Settings {
  const defaults: Record<string, Json> = {};
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.default !== undefined) defaults[key] = property.default;
  }
  return defaults;
}

function makerOf(schema: Schema): FieldMaker {
  return byFormat(schema) ?? byWidget(schema["x-widget"]) ?? byType(schema);
}

function byFormat(schema: Schema): FieldMaker | undefined {
  switch (schema.format) {
    case "condition":
      return conditionField;
    case "template":
      return schema["x-widget"] === "addressee" ? addresseeField : templateField;
    case "who":
      return whoField;
    case "field":
      return fieldField;
    default:
      return undefined;
  }
}

function byWidget(widget: string | undefined): FieldMaker | undefined {
  switch (widget) {
    case "field":
      return fieldField;
    case "words":
      return wordsField;
    case "value":
      return valueField;
    case "time":
      return timeField;
    case "calendar":
      return calendarField;
    case "flow":
      return flowField;
    case "flow-version":
      return versionField;
    case "notifier":
    case "system":
    case "action":
    case "team":
    case "person":
      return namedField;
    default:
      return undefined;
  }
}

function byType(schema: Schema): FieldMaker {
  if (schema.enum !== undefined) return choiceField;
  const types = [schema.type ?? "string"].flat();
  if (types.includes("array")) {
    if (schema.items?.properties !== undefined) return listField;
    return schema.items?.enum !== undefined ? checksField : textsField;
  }
  if (types.includes("integer") || types.includes("number")) return numberField;
  if (types.includes("boolean")) return switchField;
  return textField;
}
