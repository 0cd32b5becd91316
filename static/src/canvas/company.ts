/** Others at the same flow: who they are, and how their drawing and ours come together. */

import type { Draft } from "./draft";
import { cellWords, differenceList, differences } from "./differences";
import { changed } from "./changes";
import { showDialog } from "./dialogs";
import { button, freshId, h, icon } from "./dom";
import type { Editor } from "./editor";
import type { MergeAnswer, Somebody } from "./server";
import { ago } from "./times";
import { goView } from "./views";

const COLOURS = 6;

/** The people at this flow as round marks in the bar; a press tells more and leads to their drafts. */
export class Company {
  readonly element = h("div", { class: "bar-company" });
  private shown = "";

  constructor(
    private readonly editor: Editor,
    private readonly draft: Draft,
  ) {}

  show(): void {
    const { draft, editor } = this;
    const told = JSON.stringify(draft.others);
    if (told === this.shown) return;
    this.shown = told;
    this.element.hidden = draft.others.length === 0;
    this.element.replaceChildren(
      ...draft.others.slice(0, 4).map((one) => this.mark(one)),
      draft.others.length > 4 ? h("span", { class: "company-more" }, `+${draft.others.length - 4}`) : "",
    );
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", editor.say("othersHere"));
  }

  private mark(one: Somebody): HTMLElement {
    const text = this.standing(one);
    return h(
      "button",
      {
        type: "button",
        class: `company-mark colour-${colourOf(one.name)}${one.here ? " is-here" : ""}`,
        title: text,
        "aria-label": text,
        click: () => this.open(one),
      },
      initials(one.who),
    );
  }

  private standing(one: Somebody): string {
    const { editor } = this;
    const { say, language } = editor;
    const step = one.node !== null && editor.node(one.node) !== undefined ? editor.nameOf(one.node) : "";
    const here = step === "" ? say("personHere", { who: one.who }) : say("personAt", { who: one.who, step });
    const when = one.at === null ? "" : ago(one.at, language);
    const drawn =
      one.changes === 1
        ? say("personOneChange", { when })
        : say("personChanges", { count: one.changes, when });
    return [one.here ? here : one.who, one.changes > 0 ? drawn : ""]
      .filter((text) => text !== "")
      .join(" · ");
  }

  private open(one: Somebody): void {
    const { say, readOnly } = this.editor;
    const mayTake = one.changes > 0 && !readOnly;
    const dialog = showDialog(
      one.who,
      say,
      h("p", {}, this.standing(one)),
      h(
        "footer",
        {},
        one.changes > 0 &&
          button(say("viewTheirs"), () => goView({ of: one.name, who: one.who }), {
            class: "button",
            text: true,
          }),
        mayTake &&
          button(
            say("mergeTheirsIn"),
            () => {
              dialog.close();
              void askToMerge(this.editor, this.draft, { name: one.name, who: one.who });
            },
            { class: "button primary", text: true },
          ),
      ),
    );
  }
}

/** Somebody published since this draft began: merge, view, take over, or keep what is mine. */
export function askAboutOvertaken(editor: Editor, draft: Draft): void {
  const { say, language } = editor;
  const trunk = draft.overtaken;
  if (trunk === undefined) return;
  const told = { who: trunk.who, when: ago(trunk.at, language) };
  const act = (what: () => void) => () => {
    dialog.close();
    what();
  };
  const takeOver = async (): Promise<void> => {
    const { document, trunk: latest } = await draft.offer();
    draft.apply(document, { label: say("didTakeOver", told), by: latest.by, onto: latest.rev });
  };
  const keep = async (): Promise<void> => {
    const { trunk: latest } = await draft.offer();
    draft.apply(editor.document, { label: say("didKeepMine", told), onto: latest.rev });
  };
  const dialog = showDialog(
    say("overtakenTitle"),
    say,
    h("p", {}, say("overtakenText", told)),
    h(
      "footer",
      {},
      button(
        say("view"),
        act(() => goView({ trunk: trunk.rev, who: trunk.who })),
        { class: "button", text: true },
      ),
      titled(
        button(
          say("keepMine"),
          act(() => void keep()),
          { class: "button", text: true },
        ),
        say("keepMineHint"),
      ),
      titled(
        button(
          say("takeOver"),
          act(() => void takeOver()),
          { class: "button", text: true },
        ),
        say("takeOverHint"),
      ),
      button(
        say("merge"),
        act(() => void askToMerge(editor, draft, { who: trunk.who })),
        {
          class: "button primary",
          text: true,
        },
      ),
    ),
  );
}

/** Show what a merge brings and let the contradictions be settled; without a name it is with the flow's own document. */
export async function askToMerge(
  editor: Editor,
  draft: Draft,
  other: { readonly name?: string; readonly who: string },
): Promise<void> {
  const { say } = editor;
  const offer = await draft.offer(other.name);
  const theirs = new Set<string>();
  const after = changed(editor.document, offer.change);
  const found = differences(editor.document, after, editor);
  const nothing = found.told.length === 0 && found.moved === 0 && offer.conflicts.length === 0;
  // With the flow's own document even a merge of nothing counts: the draft stands on what was published last.
  const isIdle = nothing && other.name !== undefined;
  const take = (): void => {
    dialog.close();
    const edit = { label: say("didMerge", other), by: other.name ?? offer.trunk.by };
    draft.take(offer, theirs, other.name === undefined ? { ...edit, onto: offer.trunk.rev } : edit);
  };
  const dialog = showDialog(
    say("mergeTitle", other),
    say,
    nothing
      ? h("p", {}, say("mergeNothing"))
      : found.told.length + found.moved > 0
        ? h("p", {}, say("mergeBrings"))
        : "",
    differenceList(editor, found.told, found.moved),
    conflictList(editor, offer, theirs),
    h(
      "footer",
      {},
      button(say(isIdle ? "close" : "cancel"), () => dialog.close(), { class: "button", text: true }),
      !isIdle && button(say("merge"), take, { class: "button primary", text: true }),
    ),
  );
}

function conflictList(editor: Editor, offer: MergeAnswer, theirs: Set<string>): HTMLElement {
  const { say, document } = editor;
  const rows = offer.conflicts.map((one) => {
    const name = freshId("conflict");
    const choice = (label: string, value: typeof one.mine, isTheirs: boolean): HTMLElement => {
      const radio = h("input", {
        type: "radio",
        name,
        change: () => {
          if (isTheirs) theirs.add(one.cell);
          else theirs.delete(one.cell);
        },
      });
      radio.checked = !isTheirs;
      const words = cellWords(one.cell, value, isTheirs ? document : offer.document, editor);
      return h("label", { class: "check" }, radio, h("span", {}, h("strong", {}, label), ` ${words}`));
    };
    return h(
      "fieldset",
      { class: "conflict" },
      h("legend", {}, cellName(editor, one.cell)),
      choice(say("mergeMine"), one.mine, false),
      choice(say("mergeTheirs"), one.theirs, true),
    );
  });
  const head = rows.length > 0 && h("p", {}, icon("alert"), say("mergeConflicts"));
  return h("div", { class: "conflicts" }, head, ...rows);
}

function cellName(editor: Editor, cell: string): string {
  const id = cell.startsWith("nodes.") ? cell.slice("nodes.".length) : "";
  if (id !== "") return editor.nameOf(id);
  const edge = editor.document.edges.find((one) => cell === `edges.${one.id}`);
  return edge === undefined ? cell : editor.nameOf(edge.from);
}

function titled(element: HTMLElement, title: string): HTMLElement {
  element.title = title;
  return element;
}

function initials(who: string): string {
  const words = who.trim().split(/\s+/);
  const han = /^\p{Script=Han}+/u.exec(who.trim());
  if (han !== null) return [...han[0]].slice(-2).join("");
  const [first = "?", second] = words;
  return (second === undefined ? [...first].slice(0, 2) : [[...first][0], [...second][0]])
    .join("")
    .toUpperCase();
}

function colourOf(name: string): number {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 997;
  return sum % COLOURS;
}
