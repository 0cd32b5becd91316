/** The history of a flow: every change of one's own draft by the minute, and every version that was published. */

import { showDialog } from "./dialogs";
import type { Draft } from "./draft";
import { button, h } from "./dom";
import type { Editor } from "./editor";
import type { Moment, Server, Version } from "./server";
import { ago, clock } from "./times";
import { goView, restore, type Wish } from "./views";

export class Past {
  private readonly list = h("div", { "aria-live": "polite" });
  private dialog: HTMLDialogElement | undefined;

  constructor(
    private readonly editor: Editor,
    private readonly draft: Draft,
    private readonly server: Server,
  ) {}

  open(): void {
    const { say } = this.editor;
    const tabs = (
      [
        ["historyMine", (place: HTMLElement) => this.showMine(place)],
        ["historyVersions", (place: HTMLElement) => this.showVersions(place)],
      ] as const
    ).map(([word, show]) => {
      const tab = h("button", { type: "button", role: "tab", class: "past-tab" }, say(word));
      const choose = (): void => {
        for (const one of tabs) one.tab.setAttribute("aria-selected", String(one.tab === tab));
        // A place of its own: an answer that comes late is not shown under the other tab.
        const place = h("div", { class: "past-list" });
        this.list.replaceChildren(place);
        void show(place);
      };
      tab.addEventListener("click", choose);
      return { tab, choose };
    });
    const bar = h("div", { class: "past-tabs", role: "tablist" }, ...tabs.map((one) => one.tab));
    this.dialog = showDialog(say("history"), say, bar, this.list);
    this.dialog.classList.add("is-wide");
    tabs[this.editor.readOnly ? 1 : 0]?.choose();
  }

  private async showMine(place: HTMLElement): Promise<void> {
    const { say } = this.editor;
    await this.draft.save();
    if (this.draft.hasChanges) place.append(this.discard());
    await this.addMoments(place);
    if (place.querySelector(".past-row") === null)
      place.append(h("p", { class: "past-empty" }, say("historyEmpty")));
  }

  /** Back to what is published, as one change more. */
  private discard(): HTMLElement {
    const { say } = this.editor;
    const press = async (): Promise<void> => {
      this.dialog?.close();
      const { document } = await this.draft.offer();
      this.draft.apply(document, { label: say("didDiscard") });
    };
    const discard = button(say("discardDraft"), () => void press(), { class: "button", text: true });
    return h("div", { class: "past-discard" }, h("span", {}, say("discardHint")), discard);
  }

  private async addMoments(place: HTMLElement, before?: number): Promise<void> {
    const { say, language } = this.editor;
    const { lines, more } = await this.server.history(before);
    const byMinute = new Map<string, Moment[]>();
    for (const line of lines) {
      const minute = clock(line.at, language);
      byMinute.set(minute, [...(byMinute.get(minute) ?? []), line]);
    }
    for (const [minute, moments] of byMinute) place.append(this.minute(minute, moments));
    const last = lines.at(-1);
    if (!more || last === undefined) return;
    const older = button(
      say("older"),
      () => {
        older.remove();
        void this.addMoments(place, last.number);
      },
      { class: "button quiet", text: true },
    );
    place.append(older);
  }

  /** All that was done in one minute; what stood at its end can be seen and brought back. */
  private minute(minute: string, moments: readonly Moment[]): HTMLElement {
    const { say } = this.editor;
    const [last] = moments;
    const told = moments.map((one) =>
      one.kind === "do" ? one.label : `${one.label} (${say(UNDONE[one.kind])})`,
    );
    return h(
      "section",
      { class: "past-row" },
      h("time", { datetime: last?.at ?? "" }, minute),
      h("div", { class: "past-told" }, ...unlike(told).map((text) => h("span", {}, text))),
      last !== undefined && this.actions({ moment: last.number, when: last.at }),
    );
  }

  private async showVersions(place: HTMLElement): Promise<void> {
    const { say } = this.editor;
    const versions = await this.server.versions();
    place.append(...versions.map((one) => this.version(one)));
    if (versions.length === 0) place.append(h("p", { class: "past-empty" }, say("versionsEmpty")));
  }

  private version(one: Version): HTMLElement {
    const { say, language } = this.editor;
    const live = this.draft.published?.version === one.number;
    return h(
      "section",
      { class: "past-row" },
      h(
        "strong",
        { class: "past-number" },
        `v${one.number}`,
        live && h("span", { class: "tag" }, say("versionIsLive")),
      ),
      h(
        "div",
        { class: "past-told" },
        one.note !== "" && h("span", {}, one.note),
        h("span", { class: "past-who" }, say("versionBy", { who: one.who, when: ago(one.at, language) })),
      ),
      this.actions({ version: one.number }),
    );
  }

  private actions(wish: Wish): HTMLElement {
    const { say, readOnly } = this.editor;
    return h(
      "div",
      { class: "past-actions" },
      button(say("compare"), () => goView(wish), { class: "button quiet", text: true }),
      !readOnly &&
        button(
          say("restore"),
          () => {
            this.dialog?.close();
            void restore(this.server, this.editor, this.draft, wish);
          },
          { class: "button", text: true },
        ),
    );
  }
}

const UNDONE = { undo: "undone", redo: "redone" } as const;

/** What was said several times in a row is said once. */
function unlike(texts: readonly string[]): string[] {
  return texts.filter((text, index) => text !== texts[index - 1]);
}
