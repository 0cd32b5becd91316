/** Finds the order whose way is to be seen. */

import { button, h } from "../dom";
import type { Editor } from "../editor";
import type { Clock } from "./clock";
import { orderWords } from "./panel";
import type { Wire } from "./wire";

const QUIET = 250;

export class Finder {
  readonly element = h("aside", { class: "live-panel", hidden: true });
  private readonly search = h("input", { type: "search", class: "input", autocomplete: "off" });
  private readonly list = h("ol", { class: "live-orders" });
  private readonly note = h("p", { class: "live-note", role: "status" });
  private timer: number | undefined;
  private turns = 0;

  constructor(
    private readonly editor: Editor,
    private readonly wire: Wire,
    private readonly clock: Clock,
    private readonly follow: (run: string) => void,
    close: () => void,
  ) {
    const { say } = editor;
    this.search.setAttribute("aria-label", say("travelSearch"));
    this.search.placeholder = say("travelSearch");
    this.search.addEventListener("input", () => {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.find(), QUIET);
    });
    this.element.setAttribute("aria-label", say("travelFind"));
    this.element.append(
      h("header", {}, h("h2", {}, say("travelFind")), button(say("liveClose"), close, { icon: "close" })),
      h("div", { class: "live-panel-body" }, this.search, this.note, this.list),
    );
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  open(): void {
    this.element.hidden = false;
    this.search.focus();
    void this.find();
  }

  close(): void {
    this.element.hidden = true;
  }

  /** Tell that an order could not be shown. */
  tell(text: string): void {
    this.note.textContent = text;
  }

  private async find(): Promise<void> {
    const { say } = this.editor;
    this.turns += 1;
    const turn = this.turns;
    const text = this.search.value.trim();
    const found = await this.wire.search(text).catch(() => undefined);
    if (turn !== this.turns) return;
    if (found === undefined) {
      this.note.textContent = say("liveLoadFailed");
      return;
    }
    this.note.textContent =
      found.length === 0 ? say("travelNothing") : text === "" ? say("travelNewest") : "";
    this.list.replaceChildren(
      ...found.map((line) =>
        h(
          "li",
          { class: "live-order" },
          h(
            "button",
            { type: "button", class: "live-pick", "data-run": line.run, click: () => this.follow(line.run) },
            ...orderWords({ ...line, address: null }, this.editor, this.clock),
          ),
        ),
      ),
    );
  }
}
