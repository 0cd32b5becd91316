/** The cases of a flow: a row of green and red, run on every change, each with what was expected and what came out. */

import { type FlowDocument, said } from "../document";
import { button, h, icon, type IconName } from "../dom";
import { showDialog } from "../dialogs";
import type { Editor } from "../editor";
import { outermost } from "../nesting";
import type { Case, Outcome, TryWire, Verdict } from "./wire";

const QUIET = 700;
const MOST_SHOWN = 12;

const LOOKS = {
  pass: ["is-pass", "check", "casePass"],
  fail: ["is-fail", "close", "caseFail"],
  blocked: ["is-blocked", "alert", "caseBlocked"],
  runs: ["is-running", "more", "caseRuns"],
} as const;

/** The cases that a document holds. */
export function casesOf(document: FlowDocument): readonly Case[] {
  return Array.isArray(document.cases) ? (document.cases as readonly Case[]) : [];
}

/** The document with these cases. */
export function withCases(document: FlowDocument, cases: readonly Case[]): FlowDocument {
  return { ...document, cases };
}

export class CaseRow {
  readonly element = h("div", { class: "case-row", role: "group", hidden: true });
  private verdicts: readonly Verdict[] = [];
  private ran: FlowDocument | undefined;
  private timer: number | undefined;
  private turn = 0;

  constructor(
    private readonly editor: Editor,
    private readonly wire: TryWire,
    private readonly open: (number: number) => void,
  ) {
    this.element.setAttribute("aria-label", editor.say("cases"));
    editor.on("document", () => this.ask());
    this.ask();
  }

  private get cases(): readonly Case[] {
    return casesOf(this.editor.document);
  }

  private ask(): void {
    window.clearTimeout(this.timer);
    if (this.cases.length === 0) this.verdicts = [];
    else if (this.isAnother) this.timer = window.setTimeout(() => void this.run(), QUIET);
    this.show();
  }

  /** Whether anything but the layout differs from what was run last. */
  private get isAnother(): boolean {
    const { document } = this.editor;
    const { ran } = this;
    if (ran === undefined) return true;
    return (["nodes", "edges", "cases", "failures", "teams"] as const).some(
      (part) => ran[part] !== document[part],
    );
  }

  private async run(): Promise<void> {
    const { document } = this.editor;
    this.turn += 1;
    const turn = this.turn;
    const verdicts = await this.wire.cases(document).catch(() => null);
    if (turn !== this.turn || verdicts === null) return;
    this.verdicts = verdicts;
    this.ran = document;
    this.show();
  }

  private show(): void {
    const { say } = this.editor;
    const { cases, verdicts } = this;
    this.element.hidden = cases.length === 0;
    const good = verdicts.filter((one) => one.verdict === "pass").length;
    const stand = say("casesStand", { good, all: cases.length });
    this.element.replaceChildren(
      h("div", { class: "case-dots" }, ...cases.slice(0, MOST_SHOWN).map((_, index) => this.dot(index))),
      h(
        "button",
        {
          type: "button",
          class: `case-count${verdicts.length === 0 ? " is-running" : good < verdicts.length ? " is-bad" : ""}`,
          title: stand,
          "aria-label": stand,
          click: () => this.lookAtAll(),
        },
        verdicts.length === 0 ? `…/${cases.length}` : `${good}/${cases.length}`,
      ),
    );
  }

  private dot(index: number): HTMLElement {
    const [look, picture, name] = this.standOf(index);
    return h(
      "button",
      {
        type: "button",
        class: `case-dot ${look}`,
        "aria-label": name,
        title: name,
        click: () => this.look(index),
      },
      icon(picture),
    );
  }

  private standOf(index: number): readonly [look: string, picture: IconName, name: string] {
    const { say, language } = this.editor;
    const [look, picture, word] = LOOKS[this.verdicts[index]?.verdict ?? "runs"];
    return [look, picture, say(word, { name: said(this.cases[index]?.name ?? "", language) })];
  }

  /** Every case with how it stands, for there may be more of them than the row has room for. */
  private lookAtAll(): void {
    const { say } = this.editor;
    const rows = this.cases.map((_, index) => {
      const [look, picture, name] = this.standOf(index);
      const open = (): void => {
        dialog.close();
        this.look(index);
      };
      const row = { type: "button", class: `case-line ${look}`, click: open } as const;
      return h("li", {}, h("button", row, icon(picture), h("span", {}, name)));
    });
    const dialog = showDialog(say("cases"), say, h("ul", { class: "case-list" }, ...rows));
  }

  // --- one case -----------------------------------------------------------------------------------------------------

  private look(index: number): void {
    const { editor } = this;
    const { say, language } = editor;
    const one = this.cases[index];
    if (one === undefined) return;
    const verdict = this.verdicts[index];
    const name = said(one.name, language);
    const field = h("input", { class: "input", value: name, maxlength: 200, "aria-label": say("tryName") });
    field.addEventListener("change", () => this.rename(index, field.value.trim()));
    field.readOnly = editor.readOnly;
    const act = (press: () => void): (() => void) => {
      return () => {
        dialog.close();
        press();
      };
    };
    const got = verdict?.got ?? null;
    const mayAccept = got !== null && verdict?.verdict === "fail" && !editor.readOnly;
    const dialog = showDialog(
      this.standOf(index)[2],
      say,
      h(
        "div",
        { class: "case-told" },
        field,
        h("h3", {}, say("caseExpected")),
        h("p", {}, this.told(one.expect)),
        h("h3", {}, say("caseGot")),
        h("p", {}, got === null ? (verdict?.why ?? "") : this.told(got)),
      ),
      h(
        "footer",
        {},
        !editor.readOnly &&
          button(
            say("caseDelete"),
            act(() => this.remove(index)),
            { text: true, class: "button" },
          ),
        mayAccept &&
          button(
            say("caseAccept"),
            act(() => this.accept(index, got)),
            { text: true, class: "button" },
          ),
        button(
          say("caseOpen"),
          act(() => this.open(index)),
          { text: true, class: "button primary" },
        ),
      ) as Node,
    );
  }

  private told(outcome: Outcome): string {
    const names = outcome.path.map((node) =>
      this.editor.node(outermost(node)) === undefined
        ? this.editor.say("caseGone")
        : this.editor.nameOf(node),
    );
    return `${names.join(" → ")} · ${this.stateName(outcome.state)}`;
  }

  private stateName(state: string): string {
    const words = {
      waiting: "stateWaiting",
      held: "stateHeld",
      failed: "stateFailed",
      done: "stateDone",
      cancelled: "stateCancelled",
    } as const;
    return state in words ? this.editor.say(words[state as keyof typeof words]) : state;
  }

  private rename(index: number, name: string): void {
    const one = this.cases[index];
    if (one === undefined || name === "") return;
    const named = typeof one.name === "string" ? name : { ...one.name, [this.editor.language]: name };
    this.put(index, { ...one, name: named }, this.editor.say("didRenameCase", { name }));
  }

  private accept(index: number, expect: Outcome): void {
    const one = this.cases[index];
    if (one === undefined) return;
    const name = said(one.name, this.editor.language);
    this.put(index, { ...one, expect }, this.editor.say("didAcceptCase", { name }));
  }

  private put(index: number, next: Case, label: string): void {
    const { editor } = this;
    const cases = this.cases.map((one, number) => (number === index ? next : one));
    editor.change(withCases(editor.document, cases), label);
  }

  private remove(index: number): void {
    const { editor } = this;
    const name = said(this.cases[index]?.name ?? "", editor.language);
    const cases = this.cases.filter((_, number) => number !== index);
    editor.change(withCases(editor.document, cases), editor.say("didDeleteCase", { name }));
  }
}
