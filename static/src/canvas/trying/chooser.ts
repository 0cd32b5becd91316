/** Chooses the order to try: a case, an ordinary one, one that is typed or pasted, or a real one. */

import { said } from "../document";
import { button, freshId, h } from "../dom";
import type { Editor } from "../editor";
import { casesOf } from "./cases";
import type { Answer, Source, TryWire } from "./wire";

const QUIET = 250;

export class Chooser {
  readonly element = h("details", { class: "try-which" });
  private readonly begin = h("select", { class: "select" });
  private readonly text = h("textarea", { class: "textarea", rows: 8, spellcheck: "false" });
  private readonly search = h("input", { type: "search", class: "input", autocomplete: "off" });
  private readonly tried = h("strong", { class: "try-tried" });
  private readonly found = h("ul", { class: "try-found", "aria-live": "polite" });
  private timer: number | undefined;
  private turn = 0;

  constructor(
    private readonly editor: Editor,
    private readonly wire: TryWire,
    maySeeOrders: boolean,
    private readonly choose: (source: Source, answers: readonly Answer[]) => void,
  ) {
    const { say } = editor;
    const [begin, text] = [freshId("try"), freshId("try")];
    this.begin.id = begin;
    this.text.id = text;
    this.begin.addEventListener("change", () => void this.began());
    this.search.placeholder = say("tryFind");
    this.search.setAttribute("aria-label", say("tryFind"));
    this.search.addEventListener("input", () => {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.find(), QUIET);
    });
    this.search.addEventListener("focus", () => void this.find());
    this.element.append(
      h("summary", {}, say("tryWhich"), " ", this.tried),
      h("label", { for: begin }, say("tryFrom")),
      this.begin,
      h("label", { for: text }, say("tryText")),
      this.text,
      button(say("tryRun"), () => this.choose({ text: this.text.value }, []), {
        text: true,
        class: "button primary",
      }),
    );
    if (maySeeOrders)
      this.element.append(this.search, this.found, h("p", { class: "try-small" }, say("tryMasked")));
  }

  /** Offer what there is, and begin with the first case, or with an ordinary order. */
  async open(): Promise<void> {
    this.offer();
    await this.began();
  }

  /** Begin with the case of this number. */
  async openCase(number: number): Promise<void> {
    this.offer();
    this.begin.value = String(number);
    await this.began();
  }

  /** Show the order that is tried, to be changed by hand. */
  tell(order: unknown): void {
    this.text.value = JSON.stringify(order, null, 2);
    const number = (order as { readonly id?: unknown } | null)?.id;
    this.tried.textContent = typeof number === "string" ? number : "";
  }

  private offer(): void {
    const { say, language } = this.editor;
    this.begin.replaceChildren(
      ...casesOf(this.editor.document).map((one, index) =>
        h("option", { value: String(index) }, say("tryCase", { name: said(one.name, language) })),
      ),
      h("option", { value: "ordinary" }, say("tryOrdinary")),
    );
  }

  private async began(): Promise<void> {
    const one = casesOf(this.editor.document)[Number(this.begin.value)];
    if (one !== undefined) {
      this.tell(one.order);
      this.choose({ order: one.order }, one.answers ?? []);
      return;
    }
    const text = await this.wire.sample().catch(() => "");
    this.text.value = text;
    this.choose({ text }, []);
  }

  private async find(): Promise<void> {
    this.turn += 1;
    const turn = this.turn;
    const found = await this.wire.find(this.search.value.trim()).catch(() => []);
    if (turn !== this.turn) return;
    const rows = found.map((one) =>
      h(
        "li",
        {},
        button(
          [one.number, one.channel, one.total, one.state].join(" · "),
          () => this.choose({ run: one.run, edits: [] }, []),
          { text: true, class: "try-pick" },
        ),
      ),
    );
    this.found.replaceChildren(...(rows.length > 0 ? rows : [h("li", {}, this.editor.say("tryNoOrders"))]));
  }
}
