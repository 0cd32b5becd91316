/** A window with a field and a list: type a few letters, choose with the arrows, Enter. */

import { freshId, h, icon } from "../dom";

export interface Choice {
  readonly label: string;
  /** What stands small beside or below the label. */
  readonly detail?: string;
  readonly group?: string;
  readonly keys?: readonly string[];
  readonly picture?: Element;
  readonly run: () => void;
}

export interface Question {
  readonly title: string;
  readonly placeholder: string;
  readonly none: string;
  /** What is offered for what was typed, the best first. */
  readonly offer: (typed: string) => readonly Choice[];
}

const MOST = 200;

/** Ask; what is chosen is done after the window has closed. */
export function choose(question: Question): HTMLDialogElement {
  const listId = freshId("choices");
  let offered: readonly Choice[] = [];
  let active = 0;
  const list = h("ul", { class: "chooser-list", role: "listbox", id: listId, "aria-label": question.title });
  const search = h("input", {
    class: "input",
    type: "text",
    role: "combobox",
    "aria-expanded": "true",
    "aria-controls": listId,
    "aria-autocomplete": "list",
    "aria-label": question.title,
    placeholder: question.placeholder,
    autocomplete: "off",
    spellcheck: "false",
  });
  const dialog = h(
    "dialog",
    { class: "canvas-dialog chooser", "aria-label": question.title },
    h("p", { class: "chooser-title" }, question.title),
    h("div", { class: "step-menu-search" }, icon("search"), search),
    list,
  );
  const pick = (index: number): void => {
    const choice = offered[index];
    if (choice === undefined) return;
    dialog.close();
    choice.run();
  };
  const mark = (): void => {
    list.querySelectorAll("[role=option]").forEach((option, index) => {
      option.setAttribute("aria-selected", String(index === active));
      if (index === active) option.scrollIntoView({ block: "nearest" });
    });
    if (offered.length > 0) search.setAttribute("aria-activedescendant", `${listId}-${active}`);
    else search.removeAttribute("aria-activedescendant");
  };
  const fill = (): void => {
    offered = question.offer(search.value.trim()).slice(0, MOST);
    active = 0;
    list.replaceChildren(...rows(offered, listId, pick));
    if (offered.length === 0) list.append(h("li", { class: "step-menu-none" }, question.none));
    mark();
  };
  search.addEventListener("input", fill);
  search.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      active = moved(active, step, offered.length);
      mark();
    } else if (event.key === "Enter") {
      event.preventDefault();
      pick(active);
    }
  });
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  fill();
  search.focus();
  return dialog;
}

/** One step wraps around at the ends, a page stops there. */
function moved(active: number, step: number, count: number): number {
  if (count === 0) return 0;
  if (Math.abs(step) === 1) return (active + step + count) % count;
  return Math.min(count - 1, Math.max(0, active + step));
}

function rows(offered: readonly Choice[], listId: string, pick: (index: number) => void): HTMLElement[] {
  let group: string | undefined;
  return offered.flatMap((choice, index) => {
    const head =
      choice.group !== undefined && choice.group !== group
        ? [h("li", { class: "chooser-group", role: "presentation" }, choice.group)]
        : [];
    group = choice.group;
    return [...head, row(choice, `${listId}-${index}`, () => pick(index))];
  });
}

function row(choice: Choice, id: string, pick: () => void): HTMLElement {
  return h(
    "li",
    { id, role: "option", class: "chooser-option", click: pick },
    choice.picture,
    h(
      "span",
      { class: "chooser-words" },
      h("span", { class: "chooser-label" }, choice.label),
      choice.detail !== undefined &&
        choice.detail !== "" &&
        h("span", { class: "chooser-detail" }, choice.detail),
    ),
    choice.keys !== undefined &&
      choice.keys.length > 0 &&
      h("span", { class: "keys" }, ...choice.keys.slice(0, 1).map((key) => h("kbd", {}, key))),
  );
}
