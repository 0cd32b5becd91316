/** The list of problems: what, where, how to mend, and a press that goes there. */

import { button, h, icon } from "./dom";
import type { Editor, Problem } from "./editor";
import type { Remedy } from "./remedies";
import type { Say } from "./words";

export class ProblemList {
  readonly element = h("section", { class: "problem-list canvas-float", tabindex: "-1", hidden: true });

  constructor(
    private readonly editor: Editor,
    private readonly jump: (problem: Problem) => void,
  ) {
    this.element.setAttribute("aria-label", editor.say("problems"));
    editor.on("problems", () => this.fill());
    editor.on("document", () => this.fill());
  }

  toggle(): boolean {
    this.element.hidden = !this.element.hidden;
    this.fill();
    return !this.element.hidden;
  }

  /** Finding what mends a problem of a large flow takes a while, so that it waits until somebody looks. */
  /** After a problem was mended: the next one, or the word that there is none. */
  private focus(): void {
    (this.element.querySelector<HTMLElement>(".problem") ?? this.element).focus();
  }

  private fill(): void {
    if (this.element.hidden) return;
    const { say, problems } = this.editor;
    if (problems.length === 0) {
      const none = h("p", { class: "problem-none" }, icon("check"), say("problemsNone"));
      this.element.replaceChildren(none);
      return;
    }
    const sorted = [...problems].sort(
      (one, other) => Number(other.level === "error") - Number(one.level === "error"),
    );
    this.element.replaceChildren(h("ul", {}, ...sorted.map((problem) => h("li", {}, this.row(problem)))));
  }

  private row(problem: Problem): HTMLElement {
    const { editor } = this;
    const where = problem.node === null ? editor.say("wholeFlow") : editor.nameOf(problem.node);
    const level = editor.say(problem.level);
    const row = h(
      "button",
      { type: "button", class: `problem is-${problem.level}`, click: () => this.jump(problem) },
      icon(problem.level === "error" ? "error" : "alert"),
      h(
        "span",
        {},
        h("span", { class: "visually-hidden" }, `${level}: `),
        h("strong", {}, where),
        h("span", { class: "problem-text" }, problem.text),
        problem.remedy !== "" && h("span", { class: "problem-remedy" }, problem.remedy),
      ),
    );
    return h(
      "div",
      { class: "problem-row" },
      row,
      remedyButton(this.editor, problem, () => this.focus()),
    );
  }
}

/** The press that mends a problem; false where there is none. */
export function remedyButton(editor: Editor, problem: Problem, mended: () => void): HTMLElement | false {
  const remedy = editor.remedyFor(problem);
  const mend = (of: Remedy): void => {
    editor.mend(problem, of);
    mended();
  };
  return (
    remedy !== undefined &&
    button(remedy.label, () => mend(remedy), {
      icon: "wand",
      text: true,
      class: "button remedy-button",
    })
  );
}

/** "2 errors, 1 warning", or "No problems". */
export function problemCount(problems: readonly Problem[], say: Say): string {
  const errors = problems.filter((problem) => problem.level === "error").length;
  const warnings = problems.length - errors;
  const told: string[] = [];
  if (errors > 0) told.push(errorCount(errors, say));
  if (warnings > 0) told.push(warnings === 1 ? say("warningOne") : say("warningMany", { count: warnings }));
  return told.length === 0 ? say("noProblems") : told.join(say("listJoin"));
}

export function errorCount(errors: number, say: Say): string {
  return errors === 1 ? say("errorOne") : say("errorMany", { count: errors });
}
