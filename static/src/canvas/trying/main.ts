/** Trying: one order on the draft, step by step, with the way lit on the canvas. Each change of the draft runs it anew. */

import type { FlowDocument, Json } from "../document";
import { button, h, icon } from "../dom";
import type { Drawing } from "../drawing";
import type { Editor } from "../editor";
import { modeSwitch, TRY_MARK } from "../modes";
import { outermost } from "../nesting";
import { CaseRow, casesOf, withCases } from "./cases";
import { Chooser } from "./chooser";
import { toneOf, TONES, TryLayer } from "./layer";
import { howLeft, stepDetail, stepName } from "./step";
import { type Answer, type Change, Refusal, type Source, type Step, type Trial, TryWire } from "./wire";

const QUIET = 300;

export class Trying {
  private readonly panel = h("aside", { class: "live-panel try-panel", hidden: true });
  private readonly layer: TryLayer;
  private readonly chooser: Chooser;
  private readonly row: CaseRow;
  private readonly wire: TryWire;
  private readonly place = h("span", { class: "try-place", role: "status" });
  private readonly list = h("ol", { class: "try-steps" });
  private readonly refusal = h("div", { class: "try-refusal", role: "alert", hidden: true });
  private readonly keys = h("div", { class: "try-keys" });
  private readonly end = h("div", { class: "try-end" });
  private source: Source | null = null;
  private answers: readonly Answer[] = [];
  private trial: Trial | null = null;
  private ran: FlowDocument | null = null;
  private index = 0;
  private turn = 0;
  private timer: number | undefined;

  constructor(
    private readonly root: HTMLElement,
    private readonly editor: Editor,
    private readonly drawing: Drawing,
  ) {
    const { try: run = "", cases = "", maySeeOrders = "" } = root.dataset;
    const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
    this.wire = new TryWire({ try: run, cases }, token, editor);
    this.layer = new TryLayer(editor, drawing);
    this.chooser = new Chooser(editor, this.wire, maySeeOrders === "true", (source, answers) => {
      void this.begin(source, answers);
    });
    this.row = new CaseRow(editor, this.wire, (number) => {
      this.enter();
      void this.chooser.openCase(number);
    });
    this.fill();
    root.querySelector(".canvas-room")?.append(this.panel);
    root.querySelector(".canvas-surface")?.append(this.layer.element);
    this.switchTo("draw");
    root.querySelector(".modes")?.after(this.row.element);
    root.addEventListener("keydown", (event) => this.pressed(event), true);
    editor.on("document", () => this.changed());
    editor.on("selection", () => this.selected());
    if (window.location.hash === TRY_MARK) this.start();
  }

  get isOn(): boolean {
    return this.root.dataset.mode === "try";
  }

  /** Follow the drawing, which has moved or zoomed. */
  lay(): void {
    if (this.isOn) this.layer.lay();
  }

  enter(): void {
    if (this.isOn) return;
    this.switchTo("try");
    this.editor.select([]);
    this.panel.hidden = false;
    this.panel.querySelector<HTMLElement>("button")?.focus();
  }

  private start(): void {
    this.enter();
    void this.chooser.open();
  }

  leave(): void {
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
    this.switchTo("draw");
    this.panel.hidden = true;
    this.layer.show(null, 0);
    this.root.querySelector<HTMLElement>('[data-goes="try"]')?.focus();
  }

  private switchTo(mode: "draw" | "try"): void {
    this.root.dataset.mode = mode;
    this.root.querySelector(".modes")?.replaceWith(
      modeSwitch(this.editor.say, mode, {
        draw: () => this.leave(),
        try: () => this.start(),
        live: this.root.dataset.live ?? "",
      }),
    );
  }

  // --- running ------------------------------------------------------------------------------------------------------

  private async begin(source: Source, answers: readonly Answer[]): Promise<void> {
    this.source = source;
    this.answers = answers;
    this.index = 0;
    await this.run();
  }

  private changed(): void {
    if (!this.isOn || this.source === null) return;
    const { ran } = this;
    const { document } = this.editor;
    if (ran !== null && ran.nodes === document.nodes && ran.edges === document.edges) this.show();
    else {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.run(), QUIET);
    }
  }

  private async run(): Promise<void> {
    const { source } = this;
    if (source === null) return;
    this.turn += 1;
    const turn = this.turn;
    const drawn = this.editor.document;
    try {
      const trial = await this.wire.run(source, this.answers);
      if (turn !== this.turn) return;
      this.trial = trial;
      this.ran = drawn;
      this.refusal.hidden = true;
      this.chooser.tell(trial.case.order);
      this.go(this.index);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (turn === this.turn) this.refuse(error);
    }
  }

  private refuse(refusal: Refusal): void {
    this.trial = null;
    this.refusal.hidden = false;
    this.refusal.replaceChildren(
      h("strong", {}, refusal.message),
      h("ul", {}, ...refusal.lines.map((line) => h("li", {}, line))),
    );
    this.show();
  }

  /** Let something else happen at a step; what came after it at other steps stays. */
  private answer(step: Step, answer: Answer): void {
    const used = this.trial?.answers ?? [];
    this.answers =
      step.given === null
        ? [...used, answer]
        : [
            ...used.slice(0, step.given),
            answer,
            ...used.slice(step.given + 1).filter((one) => one.node !== answer.node),
          ];
    void this.run();
  }

  /** Try the order with these fields changed. */
  private turnBy(changes: readonly Change[]): void {
    const { source, trial } = this;
    if (source === null || trial === null) return;
    this.answers = trial.answers;
    if ("run" in source) {
      const edits = changes.map(({ path, value }) => (value === undefined ? { path } : { path, value }));
      this.source = { ...source, edits: [...source.edits, ...edits] };
    } else {
      const order = changes.reduce<Json>(
        (laid, { path, value }) => withValue(laid, path.split("."), value),
        trial.case.order,
      );
      this.source = { order: order as Trial["case"]["order"] };
    }
    void this.run();
  }

  // --- going --------------------------------------------------------------------------------------------------------

  private get last(): number {
    return Math.max((this.trial?.steps.length ?? 0) - 1, 0);
  }

  private go(index: number): void {
    this.index = Math.min(Math.max(index, 0), this.last);
    this.show();
    const step = this.trial?.steps[this.index];
    if (step !== undefined) this.drawing.reveal(outermost(step.node));
  }

  /** A press on a card leads to its step. */
  private selected(): void {
    const node = this.editor.single;
    if (!this.isOn || node === undefined) return;
    const index = this.trial?.steps.findLastIndex((step) => step.node === node) ?? -1;
    if (index >= 0 && outermost(this.trial?.steps[this.index]?.node ?? "") !== node) this.go(index);
  }

  private pressed(event: KeyboardEvent): void {
    if (!this.isOn || event.ctrlKey || event.metaKey || event.altKey) return;
    const typing =
      event.target instanceof Element && event.target.closest("input, textarea, select") !== null;
    const act: Readonly<Record<string, () => void>> = {
      ArrowRight: () => this.go(this.index + 1),
      ArrowLeft: () => this.go(this.index - 1),
      Home: () => this.go(0),
      End: () => this.go(this.last),
      Escape: () => this.leave(),
    };
    const press = act[event.key];
    if (press === undefined || (typing && event.key !== "Escape")) return;
    event.preventDefault();
    event.stopPropagation();
    press();
  }

  // --- showing ------------------------------------------------------------------------------------------------------

  private fill(): void {
    const { say } = this.editor;
    const quiet = "button quiet icon-only";
    this.panel.setAttribute("aria-label", say("tryTitle"));
    this.keys.append(
      button(say("tryFirst"), () => this.go(0), { icon: "up", class: quiet }),
      button(say("tryBack"), () => this.go(this.index - 1), { icon: "back", class: quiet }),
      button(say("tryOn"), () => this.go(this.index + 1), { icon: "chevron", class: quiet }),
      button(say("tryEnd"), () => this.go(this.last), { text: true, class: "button quiet" }),
      this.place,
    );
    this.panel.append(
      h(
        "header",
        {},
        h("h2", {}, say("tryTitle")),
        button(say("tryLeave"), () => this.leave(), { icon: "close", class: quiet }),
      ),
      h(
        "div",
        { class: "live-panel-body" },
        h("p", { class: "try-small" }, say("tryNothingLeaves")),
        this.chooser.element,
        this.refusal,
        this.keys,
        this.list,
        this.end,
      ),
    );
  }

  private show(): void {
    const { say } = this.editor;
    const { trial } = this;
    this.keys.hidden = trial === null;
    this.layer.show(this.isOn ? (trial?.steps ?? null) : null, this.index);
    this.place.textContent =
      trial === null ? "" : say("tryAt", { number: this.index + 1, all: trial.steps.length });
    const focused = document.activeElement?.closest<HTMLElement>(".try-step")?.dataset.step;
    this.list.replaceChildren(...(trial?.steps ?? []).map((step, index) => this.stepRow(step, index)));
    const current = this.list.children[this.index];
    current?.scrollIntoView({ block: "nearest" });
    if (focused !== undefined) current?.querySelector("button")?.focus({ preventScroll: true });
    this.showEnd();
  }

  private stepRow(step: Step, index: number): HTMLElement {
    const { say } = this.editor;
    const { trial } = this;
    const current = index === this.index;
    const tone = toneOf(step);
    const again = step.attempt > 1 ? ` · ${say("tryAttempt", { number: step.attempt })}` : "";
    const detail = {
      answer: (of: Step, answer: Answer) => this.answer(of, answer),
      turn: (changes: readonly Change[]) => this.turnBy(changes),
    };
    const row = h(
      "li",
      {
        class: `try-step is-${tone}${current ? " is-current" : ""}${index > this.index ? " is-ahead" : ""}`,
        "data-step": index,
        "data-node": step.node,
        "data-depth": step.node.split("/").length - 1,
      },
      h(
        "button",
        {
          type: "button",
          class: "try-head",
          "aria-current": current ? "step" : null,
          "aria-expanded": String(current),
          click: () => this.go(index),
        },
        h("span", { class: "try-dot" }, icon(TONES[tone])),
        h(
          "span",
          { class: "try-words" },
          h("strong", {}, `${stepName(this.editor, step)}${again}`),
          h("span", {}, howLeft(this.editor, step)),
        ),
      ),
    );
    if (current && trial !== null)
      row.append(
        h(
          "div",
          { class: "try-detail" },
          ...stepDetail(this.editor, trial, index, detail).filter((one) => one !== false && one !== null),
        ),
      );
    return row;
  }

  /** How it came out, and keeping that as a case. */
  private showEnd(): void {
    const { say, readOnly } = this.editor;
    const { trial } = this;
    if (trial === null) {
      this.end.replaceChildren();
      return;
    }
    const name = h("input", {
      class: "input",
      maxlength: 200,
      placeholder: say("tryName"),
      "aria-label": say("tryName"),
    });
    const save = h(
      "form",
      {
        class: "try-save",
        submit: (event: SubmitEvent) => {
          event.preventDefault();
          this.save(trial, name.value.trim());
        },
      },
      name,
      h("button", { type: "submit", class: "button" }, say("trySave")),
    );
    this.end.replaceChildren(
      h("p", { class: `try-outcome is-${trial.state}` }, say("tryOutcome", { state: trial.state_name })),
      ...(trial.cut ? [h("p", {}, say("tryCut"))] : []),
      ...(readOnly ? [] : [save]),
    );
  }

  private save(trial: Trial, given: string): void {
    const { editor } = this;
    const cases = casesOf(editor.document);
    const name = given === "" ? `${editor.say("cases")} ${cases.length + 1}` : given;
    const next = withCases(editor.document, [...cases, { name, ...trial.case }]);
    editor.change(next, editor.say("didSaveCase", { name }));
  }
}

/** A document with another value at a path; without a value the field is not told. */
export function withValue(part: Json, path: readonly string[], value: Json | undefined): Json {
  const [head = "", ...rest] = path;
  if (Array.isArray(part))
    return (part as readonly Json[]).map((one, index) =>
      String(index) === head ? withValue(one, rest, value) : one,
    );
  const laid: Record<string, Json> =
    typeof part === "object" && part !== null ? { ...(part as Record<string, Json>) } : {};
  if (rest.length > 0) laid[head] = withValue(laid[head] ?? null, rest, value);
  else if (value === undefined)
    return Object.fromEntries(Object.entries(laid).filter(([name]) => name !== head));
  else laid[head] = value;
  return laid;
}
