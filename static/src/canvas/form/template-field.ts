/** Text with fields of the order in it. `{buyer.name}` is shown as a chip and stays plain text in the settings. */

import { fieldAt } from "../conditions";
import { reworded, said, type Words } from "../document";
import { freshId, h, icon } from "../dom";
import type { Schema } from "../palette-types";
import type { FieldMaker, FormContext } from "./context";
import { fieldSelect } from "./fields";
import { told } from "./place";
import { arriving, heldBy } from "./message-length";
import { filled } from "./samples";

const PLACEHOLDER = /\{([^{}]*)\}/g;
const FORM_WORDS = new Map([
  ["date", "formDate"],
  ["time", "formTime"],
  ["tail", "formTail"],
] as const);

export const templateField: FieldMaker = (schema, path, value, context) => {
  const long = schema["x-widget"] === "long-template" || (schema.maxLength ?? 0) > 500;
  const box = h("div", {
    class: `template ${long ? "textarea" : "input"}`,
    id: freshId("field"),
    contenteditable: "true",
    role: "textbox",
    "aria-multiline": String(long),
    "aria-label": schema.title ?? "",
    "data-field": told(path),
    "data-placeholder": schema.placeholder ?? "",
    spellcheck: "false",
  });
  const before = value ?? schema.default;
  const shown = preview(
    box,
    context,
    schema["x-widget"] === "long-template",
    othersIn(before, context.language),
  );
  const report = (): void => {
    box.classList.toggle("is-empty", textOf(box) === "");
    shown.draw();
    context.change(
      path,
      reworded((value ?? schema.default) as Words | undefined, textOf(box), context.language),
    );
  };
  show(box, said((value ?? schema.default) as Words | undefined, context.language), context);
  box.addEventListener("input", report);
  box.addEventListener("paste", (event) => {
    event.preventDefault();
    const text = event.clipboardData?.getData("text/plain") ?? "";
    insert(box, ...piecesOf(long ? text : text.replace(/\s*\n\s*/g, " "), context));
    report();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    if (!long) return;
    insert(box, document.createTextNode("\n"));
    report();
  });
  const fields = inserter(box, told(path), schema, context, report);
  return h("div", { class: "template-field" }, box, fields, shown.element);
};

/** Fields to put into the text, where the cursor was. */
function inserter(
  box: HTMLElement,
  field: string,
  schema: Schema,
  context: FormContext,
  report: () => void,
): HTMLElement {
  let place: Range | null = null;
  box.addEventListener("blur", () => {
    const selection = window.getSelection();
    place = selection !== null && selection.rangeCount > 0 ? selection.getRangeAt(0).cloneRange() : null;
  });
  const put = (path: string): void => {
    box.focus();
    const selection = window.getSelection();
    if (place !== null && box.contains(place.startContainer)) {
      selection?.removeAllRanges();
      selection?.addRange(place);
    }
    insert(box, chip(path, context));
    report();
  };
  const list = fieldSelect(schema, "", `${field}.insert`, context, "order", put, context.say("insertField"));
  return h("div", { class: "template-inserter" }, icon("braces"), list);
}

/** The text as a recipient reads it, with a real order as soon as one is known. */
function preview(
  box: HTMLElement,
  context: FormContext,
  cuts: boolean,
  others: readonly (readonly [string, string])[],
): { element: HTMLElement; draw: () => void } {
  const { say, samples } = context;
  const text = h("p", { class: "template-preview-text" });
  const of = h("span", { class: "template-preview-of" });
  const short = h("p", { class: "template-preview-short", role: "status" });
  const elsewhere = others.map(([language, template]) => {
    const told = h("p", { class: "template-preview-text", lang: language });
    return { language, template, told };
  });
  const element = h(
    "div",
    { class: "template-preview" },
    h("p", { class: "template-preview-head" }, h("strong", {}, say("preview")), " ", of),
    text,
    short,
    ...elsewhere.flatMap(({ language, told }) => [
      h("p", { class: "template-preview-head", lang: language }, nameOf(language)),
      told,
    ]),
  );
  const draw = (): void => {
    const template = textOf(box);
    const { number } = samples.known.shown;
    of.textContent = number === "" ? say("previewSample") : say("previewOf", { number });
    const held = cuts ? heldBy(context.palette, context.settings()) : undefined;
    const told = filled(template, samples.known, context.language);
    const arrives = held === undefined ? { text: told, cut: false } : arriving(told, held);
    text.textContent = arrives.text;
    const limit = held?.unit === "bytes" ? "cutBytes" : "cutCharacters";
    short.textContent = arrives.cut ? say(limit, { way: held?.label ?? "", most: held?.most ?? 0 }) : "";
    for (const one of elsewhere) one.told.textContent = filled(one.template, samples.known, one.language);
    element.hidden = !template.includes("{") && !arrives.cut && elsewhere.length === 0;
  };
  element.hidden = true;
  void samples.load().then(draw);
  return { element, draw };
}

/** The same text in the languages in which others read it. */
export function othersIn(words: unknown, language: string): readonly (readonly [string, string])[] {
  if (typeof words !== "object" || words === null) return [];
  return Object.entries(words).filter(
    (one): one is [string, string] => one[0] !== language && typeof one[1] === "string",
  );
}

/** A language by its own name. */
function nameOf(language: string): string {
  try {
    // By its script, as people choose it in their menu: 简体中文.
    const script = new Intl.Locale(language).maximize().script;
    const named = language.startsWith("zh") && script !== undefined ? `zh-${script}` : language;
    return new Intl.DisplayNames([language], { type: "language" }).of(named) ?? language;
  } catch {
    return language;
  }
}

function show(box: HTMLElement, text: string, context: FormContext): void {
  box.replaceChildren(...piecesOf(text, context));
  box.classList.toggle("is-empty", text === "");
}

function piecesOf(text: string, context: FormContext): Node[] {
  const pieces: Node[] = [];
  let end = 0;
  for (const found of text.matchAll(PLACEHOLDER)) {
    if (found.index > end) pieces.push(document.createTextNode(text.slice(end, found.index)));
    pieces.push(chip(found[1] ?? "", context));
    end = found.index + found[0].length;
  }
  if (end < text.length) pieces.push(document.createTextNode(text.slice(end)));
  return pieces;
}

function chip(path: string, context: FormContext): HTMLElement {
  const [name = "", form] = path.split(":");
  const field = fieldAt(context.palette, name, "order");
  const known = FORM_WORDS.get(form as "date" | "time" | "tail");
  const shown = known === undefined ? form : context.say(known);
  const label = field === undefined ? path : shown === undefined ? field.label : `${field.label} · ${shown}`;
  return h(
    "span",
    {
      class: field === undefined ? "chip is-field is-unknown" : "chip is-field",
      contenteditable: "false",
      "data-path": path,
      title: `{${path}}`,
    },
    label,
  );
}

/** The text of the box, with every chip as its placeholder. */
function textOf(box: Node): string {
  let text = "";
  for (const child of box.childNodes) {
    if (child instanceof HTMLElement && child.dataset.path !== undefined) text += `{${child.dataset.path}}`;
    else if (child instanceof HTMLBRElement) text += child === box.lastChild ? "" : "\n";
    else if (child instanceof HTMLElement) text += (text === "" ? "" : "\n") + textOf(child);
    else text += child.textContent ?? "";
  }
  return text;
}

/** Put pieces where the cursor is in the box, else at its end. */
function insert(box: HTMLElement, ...pieces: Node[]): void {
  const selection = window.getSelection();
  const range = selection !== null && selection.rangeCount > 0 ? selection.getRangeAt(0) : null;
  if (range === null || !box.contains(range.startContainer)) {
    box.append(...pieces);
    return;
  }
  range.deleteContents();
  const last = pieces.at(-1);
  const fragment = document.createDocumentFragment();
  fragment.append(...pieces);
  range.insertNode(fragment);
  if (last !== undefined) {
    range.setStartAfter(last);
    range.collapse(true);
    selection?.removeAllRanges();
    selection?.addRange(range);
  }
}
