/** The bar above the canvas: which flow, whether it is saved, what is wrong, and publishing. */

import { said } from "./document";
import { button, h, icon } from "./dom";
import { Company } from "./company";
import type { Draft, Standing } from "./draft";
import type { Editor } from "./editor";
import { errorCount, problemCount } from "./problems";
import type { Word } from "./words";

export interface BarActions {
  publish(): void;
  toggleProblems(): boolean;
  toggleList(): void;
  showKeys(): void;
  showOvertaken(): void;
  showHistory(): void;
  showFlow(): void;
}

export class Bar {
  readonly element: HTMLElement;
  private readonly title = h("strong", { class: "bar-name" });
  private readonly live = h("span", { class: "bar-live" });
  private readonly standing = h("button", { type: "button", class: "bar-standing", "aria-live": "polite" });
  private readonly overtaken = h("button", { type: "button", class: "bar-overtaken", hidden: true });
  private readonly company: Company;
  private readonly undo: HTMLButtonElement;
  private readonly redo: HTMLButtonElement;
  private readonly problems = h("button", { type: "button", class: "button quiet bar-problems" });
  private readonly publish: HTMLButtonElement;
  private readonly list: HTMLButtonElement;

  constructor(
    private readonly editor: Editor,
    private readonly draft: Draft,
    private readonly flowsAddress: string,
    private readonly mayPublish: boolean,
    private readonly actions: BarActions,
  ) {
    const { say } = editor;
    const quiet = "button quiet icon-only";
    this.undo = button(say("undo"), () => editor.undo(), { icon: "undo", class: quiet });
    this.redo = button(say("redo"), () => editor.redo(), { icon: "redo", class: quiet });
    this.list = button(say("asList"), () => actions.toggleList(), {
      icon: "list",
      class: `${quiet} bar-list`,
    });
    const keys = button(say("keysTitle"), () => actions.showKeys(), {
      icon: "keys",
      class: `${quiet} bar-keys`,
    });
    this.publish = h("button", {
      type: "button",
      class: "button primary bar-publish",
      click: () => actions.publish(),
    });
    this.problems.addEventListener("click", () => {
      this.problems.setAttribute("aria-expanded", String(actions.toggleProblems()));
    });
    this.standing.addEventListener("click", () => {
      if (isStranger(draft.standing)) window.location.reload();
      else void draft.save();
    });
    this.overtaken.addEventListener("click", () => actions.showOvertaken());
    this.company = new Company(editor, draft);
    const past = button(say("history"), () => actions.showHistory(), {
      icon: "past",
      class: `${quiet} bar-past`,
    });
    this.element = h(
      "header",
      { class: "canvas-bar" },
      this.where(),
      h("div", { class: "bar-group" }, this.undo, this.redo),
      h("div", { class: "bar-group" }, this.list, past, keys),
      h("div", { class: "bar-group is-end" }, this.company.element, this.problems, this.publish),
    );
    for (const topic of ["document", "problems"] as const) editor.on(topic, () => this.show());
    draft.onChange = () => this.show();
    this.show();
  }

  /** Tell which of the two views is shown. */
  setView(isList: boolean): void {
    const label = this.editor.say(isList ? "asCanvas" : "asList");
    this.list.replaceChildren(icon(isList ? "drawing" : "list"));
    this.list.title = label;
    this.list.setAttribute("aria-label", label);
  }

  private where(): HTMLElement {
    const { say } = this.editor;
    const name = h(
      "button",
      {
        type: "button",
        class: "bar-title",
        title: say("flowSettings"),
        click: () => this.actions.showFlow(),
      },
      this.title,
    );
    return h(
      "div",
      { class: "bar-where" },
      h(
        "a",
        { class: "bar-back", href: this.flowsAddress, "aria-label": say("flows") },
        icon("back"),
        say("flows"),
      ),
      h("span", { class: "bar-slash", "aria-hidden": "true" }, "/"),
      name,
      this.live,
      this.standing,
      this.overtaken,
    );
  }

  private show(): void {
    const { editor, draft } = this;
    const { say } = editor;
    this.title.textContent = said(editor.document.name, editor.language);
    const { published } = draft;
    this.live.textContent =
      published === null ? say("neverPublished") : say("versionLive", { version: published.version });
    this.live.classList.toggle("is-live", published !== null);
    this.showStanding(draft.standing);
    this.showOvertaken();
    this.company.show();
    label(
      this.undo,
      editor.undoLabel === undefined ? say("undo") : say("undoThat", { what: editor.undoLabel }),
    );
    label(
      this.redo,
      editor.redoLabel === undefined ? say("redo") : say("redoThat", { what: editor.redoLabel }),
    );
    this.undo.disabled = editor.undoLabel === undefined;
    this.redo.disabled = editor.redoLabel === undefined;
    this.showProblems();
    this.showPublish();
  }

  private showStanding(standing: Standing): void {
    const offline = standing.kind === "failed" && !navigator.onLine;
    const failed = isStranger(standing) ? "saveSignIn" : "saveFailed";
    const words: Readonly<Record<Standing["kind"], Word>> = {
      saved: "saved",
      unsaved: "unsaved",
      saving: "saving",
      failed: offline ? "offline" : failed,
    };
    const bad = standing.kind === "failed";
    this.standing.className = `bar-standing is-${standing.kind}`;
    const name = standing.kind === "saved" ? "check" : bad ? "alert" : "cloud";
    const text = this.editor.say(words[standing.kind], {
      why: standing.kind === "failed" ? standing.why : "",
    });
    this.standing.title = text;
    this.standing.replaceChildren(icon(name), h("span", {}, text));
  }

  private showOvertaken(): void {
    const trunk = this.draft.overtaken;
    this.overtaken.hidden = trunk === undefined;
    if (trunk === undefined) return;
    const text = this.editor.say("overtaken", { who: trunk.who });
    this.overtaken.replaceChildren(icon("alert"), h("span", {}, text));
  }

  private showProblems(): void {
    const { problems, errors, say } = this.editor;
    const kind = errors > 0 ? "error" : problems.length > 0 ? "warning" : "none";
    const name = kind === "error" ? "error" : kind === "warning" ? "alert" : "check";
    this.problems.className = `button quiet bar-problems is-${kind}`;
    this.problems.replaceChildren(icon(name), h("span", {}, problemCount(problems, say)));
  }

  private showPublish(): void {
    const { editor, draft } = this;
    const { say } = editor;
    const unchanged =
      draft.published !== null && draft.published.fingerprint === draft.fingerprint && draft.isSaved;
    const reason =
      editor.errors > 0
        ? say("publishBlocked", { count: errorCount(editor.errors, say) })
        : unchanged
          ? say("publishSame", { version: draft.published?.version ?? 0 })
          : "";
    this.publish.hidden = !this.mayPublish;
    this.publish.textContent = say("publish");
    this.publish.title = reason;
    this.publish.setAttribute("aria-disabled", String(reason !== ""));
    this.publish.setAttribute("aria-label", reason === "" ? say("publish") : `${say("publish")}. ${reason}`);
  }
}

function label(element: HTMLElement, text: string): void {
  element.title = text;
  element.setAttribute("aria-label", text);
}

function isStranger(standing: Standing): boolean {
  return standing.kind === "failed" && standing.isStranger;
}
