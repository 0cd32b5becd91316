/** Looking at another document of the flow in place of one's own draft: a version, a moment, somebody's draft. */

import { browserStore, keepIfPossible } from "./browser-store";
import { differenceList, differences, together } from "./differences";
import { type FlowDocument, said } from "./document";
import type { Draft } from "./draft";
import { button, h, icon } from "./dom";
import type { Editor } from "./editor";
import { backAddress } from "./nesting";
import type { DraftAnswer, Server } from "./server";
import { clock } from "./times";
import type { Say } from "./words";

/** What is looked at, as the page's address tells it; `who` and `when` are for the banner only. */
export interface Wish {
  readonly version?: number;
  readonly moment?: number;
  readonly of?: string;
  readonly trunk?: number;
  readonly who?: string;
  readonly when?: string;
  /** The flow that goes through this version, and its step: where a press leads back to. */
  readonly from?: string;
  readonly at?: string;
}

/** What is looked at, found; `mine` is one's own draft, which it is compared with. */
export interface View {
  readonly wish: Wish;
  readonly document: FlowDocument;
  readonly mine: FlowDocument;
}

const SHELF = "orderflow.restore";

export function wishOf(search: string): Wish | null {
  const told = new URLSearchParams(search);
  const number = (name: string): number | undefined => {
    const value = Number(told.get(name) ?? Number.NaN);
    return Number.isInteger(value) && value >= 0 ? value : undefined;
  };
  const [version, moment, trunk] = [number("version"), number("moment"), number("trunk")];
  const of = told.get("of") ?? undefined;
  if (version === undefined && moment === undefined && trunk === undefined && of === undefined) return null;
  const [who, when, from, at] = ["who", "when", "from", "at"].map((name) => told.get(name) ?? undefined);
  return {
    ...(version !== undefined && { version }),
    ...(moment !== undefined && { moment }),
    ...(trunk !== undefined && { trunk }),
    ...(of !== undefined && { of }),
    ...(who !== undefined && { who }),
    ...(when !== undefined && { when }),
    ...(from !== undefined && { from }),
    ...(at !== undefined && { at }),
  };
}

export function goView(wish: Wish): void {
  const told = new URLSearchParams();
  for (const [name, value] of Object.entries(wish)) told.set(name, String(value));
  window.location.search = told.toString();
}

export async function findView(server: Server, wish: Wish, mine: DraftAnswer): Promise<View> {
  const document = await documentOf(server, wish);
  return { wish, document, mine: mine.document };
}

/** The answer that a page shows in place of the draft: the document with what it lacks of ours, and nothing to undo. */
export function shownIn(view: View, answer: DraftAnswer): DraftAnswer {
  const document = view.wish.from === undefined ? together(view.mine, view.document) : view.document;
  return { ...answer, document, log: [], problems: [], differs: false };
}

export function markDifferences(editor: Editor, view: View): void {
  if (view.wish.from !== undefined) return;
  editor.marks = differences(view.mine, view.document, editor).marks;
}

/** Says what is looked at, and leads back. */
export function viewBanner(editor: Editor, view: View, mayEdit: boolean): HTMLElement {
  if (view.wish.from !== undefined) return visitBanner(editor, view, view.wish.from, mayEdit);
  const { say, language } = editor;
  const { told, moved } = differences(view.mine, view.document, editor);
  const count = told.length + (moved > 0 ? 1 : 0);
  const differing =
    count === 0
      ? h("span", { class: "view-none" }, say("diffNone"))
      : h(
          "details",
          { class: "view-differences", "data-menu": true },
          h("summary", {}, count === 1 ? say("oneDifference") : say("differenceCount", { count })),
          differenceList(editor, told, moved),
        );
  return h(
    "div",
    { class: "view-banner", role: "status" },
    icon("cloud"),
    h("strong", {}, titleOf(view.wish, say, language)),
    differing,
    h(
      "span",
      { class: "view-legend" },
      ...(["added", "removed", "changed"] as const).map((mark) =>
        h("span", { class: `mark is-${mark}` }, say(MARK_WORDS[mark])),
      ),
    ),
    mayEdit && button(say("restore"), () => leave(view.wish), { class: "button", text: true }),
    button(say("backToDraft"), () => leave(null), { class: "button primary", text: true, icon: "back" }),
  );
}

/** Says which version of a sub-flow this is, and leads back to the flow around it. */
function visitBanner(editor: Editor, view: View, from: string, mayEdit: boolean): HTMLElement {
  const { say, language } = editor;
  const flow = said(view.document.name, language);
  const around = editor.palette.flows.find((one) => one.key === from)?.label ?? from;
  return h(
    "div",
    { class: "view-banner", role: "status" },
    icon("drawing"),
    h("strong", {}, say("visiting", { flow, version: view.wish.version ?? "" })),
    h("span", { class: "view-legend" }),
    mayEdit && button(say("drawOn"), () => leave(null), { class: "button", text: true }),
    h(
      "a",
      { class: "button primary", href: backAddress(from, view.wish.at) },
      icon("back"),
      say("backToFlow", { flow: around }),
    ),
  );
}

/** What was chosen on a page that only looks is done on the page that draws. */
export async function restoreChosen(server: Server, editor: Editor, draft: Draft): Promise<void> {
  const shelf = browserStore("sessionStorage");
  const text = shelf.getItem(SHELF);
  shelf.removeItem(SHELF);
  if (text === null || editor.readOnly) return;
  const wish = JSON.parse(text) as Wish;
  await restore(server, editor, draft, wish);
}

/** Draw what was in place of what is, as one change that can be undone. */
export async function restore(server: Server, editor: Editor, draft: Draft, wish: Wish): Promise<void> {
  const { say, language } = editor;
  const who = wish.who ?? "";
  const when = wish.when === undefined ? "" : clock(wish.when, language);
  const label =
    wish.version !== undefined
      ? say("didRestoreVersion", { version: wish.version })
      : wish.moment !== undefined
        ? say("didRestoreMoment", { when })
        : say("didTakeOver", { who });
  draft.apply(await documentOf(server, wish), { label, ...(wish.of !== undefined && { by: wish.of }) });
}

export const MARK_WORDS = { added: "markAdded", removed: "markRemoved", changed: "markChanged" } as const;

async function documentOf(server: Server, wish: Wish): Promise<FlowDocument> {
  if (wish.version !== undefined) return server.version(wish.version);
  if (wish.moment !== undefined) return server.moment(wish.moment);
  if (wish.of !== undefined) return (await server.draft(wish.of)).document;
  return (await server.merge()).document;
}

function leave(restored: Wish | null): void {
  if (restored !== null) keepIfPossible(browserStore("sessionStorage"), SHELF, JSON.stringify(restored));
  window.location.search = "";
}

function titleOf(wish: Wish, say: Say, language: string): string {
  if (wish.version !== undefined) return say("viewingVersion", { version: wish.version });
  if (wish.moment !== undefined) {
    return say("viewingMoment", { when: wish.when === undefined ? "" : clock(wish.when, language) });
  }
  return say(wish.of === undefined ? "viewingTrunk" : "viewingOther", { who: wish.who ?? wish.of ?? "" });
}
