/** Text with fields of the order in it. `{buyer.name}` is shown as a chip and stays plain text in the settings. */

import { fieldAt } from "../conditions";
import { reworded, said, type Words } from "../document";
import { freshId, h, icon } from "../dom";
import type { FieldMaker, FormContext } from "./context";
import { told } from "./place";

const PLACEHOLDER = /\{([^{}]*)\}/g;

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
  const report = (): void => {
    box.classList.toggle("is-empty", textOf(box) === "");
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
  return h("div", { class: "template-field" }, box, inserter(box, path.join("."), context, report));
};

function inserter(box: HTMLElement, field: string, context: FormContext, report: () => void): HTMLElement {
  const fields = context.palette.fields.filter((one) => one.scope === "order");
  const list = h(
    "select",
    {
      class: "template-insert",
      "aria-label": context.say("insertField"),
      "data-field": `${field}.insert`,
      change: () => {
        if (list.value !== "") {
          insert(box, chip(list.value, context));
          report();
        }
        list.value = "";
      },
    },
    h("option", { value: "" }, context.say("insertField")),
    ...fields.map((one) => h("option", { value: one.path }, one.label)),
  );
  return h("label", { class: "template-inserter" }, icon("braces"), list);
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
  const field = fieldAt(context.palette, path, "order");
  const label = field?.label ?? path;
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
