/** The panel beside the live canvas: which orders stand at a step, or went by a way, page by page. */

import { button, h } from "../dom";
import type { Editor } from "../editor";
import type { Clock } from "./clock";
import { crowdWords, lengthOf, REST_WORDS } from "./crowd";
import type { Asked, Crowd, OrderLine, OrderPage, Rest, Span, Standing, Wire } from "./wire";

export interface PanelActions {
  close(): void;
  follow(run: string): void;
}

export class OrdersPanel {
  readonly element = h("aside", { class: "live-panel", hidden: true, tabindex: "-1" });
  asked: Asked | null = null;
  private readonly summary = h("ul", { class: "live-summary" });
  private readonly filters = h("div", { class: "live-filters", role: "group" });
  private readonly list = h("ol", { class: "live-orders" });
  private readonly note = h("p", { class: "live-note", role: "status" });
  private readonly more: HTMLButtonElement;
  private next: string | null = null;
  private turns = 0;
  private standing: Standing | null = null;

  constructor(
    private readonly editor: Editor,
    private readonly wire: Wire,
    private readonly clock: Clock,
    private readonly span: () => Span,
    private readonly actions: PanelActions,
  ) {
    const { say } = editor;
    this.more = button(say("liveMore"), () => void this.addPage(), { class: "button", text: true });
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  open(asked: Asked, standing: Standing | null): void {
    const { say } = this.editor;
    this.asked = asked;
    this.standing = standing;
    const title = h("h2", { id: "live-panel-title" }, this.title(asked));
    const close = button(say("liveClose"), () => this.actions.close(), { icon: "close" });
    this.element.setAttribute("aria-labelledby", "live-panel-title");
    this.element.replaceChildren(
      h("header", {}, title, close),
      h("div", { class: "live-panel-body" }, this.summary, this.filters, this.note, this.list, this.more),
    );
    if (asked.port === undefined && asked.node !== "") this.element.append(this.listLink(asked.node));
    this.element.hidden = false;
    this.list.replaceChildren();
    this.tellSummary();
    void this.load();
    this.element.focus({ preventScroll: true });
  }

  close(): void {
    this.asked = null;
    this.turns += 1;
    this.element.hidden = true;
  }

  /** Something has moved: read the first page anew, unless older pages were opened. */
  follow(standing: Standing | null): void {
    this.standing = standing;
    if (this.asked === null) return;
    this.tellSummary();
    if (this.list.childElementCount <= 50) void this.load();
  }

  private title({ node, port }: Asked): string {
    const { editor } = this;
    if (port === undefined) return node === "" ? editor.say("restHeld") : editor.nameOf(node);
    const label = editor.ports(node).find((one) => one.id === port)?.label ?? port;
    return `${editor.nameOf(node)} → ${label}`;
  }

  private tellSummary(): void {
    const { asked, standing } = this;
    const { say, language } = this.editor;
    if (asked === null) return;
    const crowd = asked.port === undefined ? standing?.nodes[asked.node] : undefined;
    const told = crowd === undefined ? this.wayWords(asked) : crowdWords(crowd, say, language, Date.now());
    this.summary.replaceChildren(...told.map((text) => h("li", {}, text)));
    this.filters.replaceChildren(...(crowd === undefined ? [] : this.kinds(crowd)));
  }

  /** The same orders on the page of all orders. */
  private listLink(node: string): HTMLElement {
    const { document, say } = this.editor;
    const told = new URLSearchParams({ flow: document.key, step: node });
    return h("footer", {}, h("a", { href: `${this.wire.ordersPage}?${told}` }, say("liveInOrders")));
  }

  /** How many of the counted orders went by the way that is asked for. */
  private wayWords({ node, port }: Asked): string[] {
    const { standing, editor } = this;
    if (port === undefined || standing === null) return [];
    const count = standing.ways.find(([from, by]) => from === node && by === port)?.[2] ?? 0;
    return [editor.say("liveWentBy", { count, all: standing.counted })];
  }

  /** Chips that keep one kind of orders: those that are late, or that wait for the same. */
  private kinds(crowd: Crowd): HTMLElement[] {
    const { say } = this.editor;
    const rests = (Object.entries(crowd.rests) as [Rest, number][]).map(
      ([rest, count]) => [rest, say(REST_WORDS[rest]), count] as const,
    );
    const kinds = [
      ["late", say("liveLate"), crowd.late] as const,
      ["soon", say("liveSoon"), crowd.soon] as const,
      ...(rests.length > 1 ? rests : []),
    ].filter(([, , count]) => count > 0);
    if (kinds.length === 0) return [];
    return [["", say("liveAll"), crowd.number] as const, ...kinds].map(([only, label, count]) =>
      h(
        "button",
        {
          type: "button",
          class: "live-chip",
          "aria-pressed": String((this.asked?.only ?? "") === only),
          click: () => this.keep(only),
        },
        `${label} ${count}`,
      ),
    );
  }

  private keep(only: string): void {
    if (this.asked === null) return;
    const { node } = this.asked;
    this.asked = only === "" ? { node } : { node, only };
    this.tellSummary();
    this.list.replaceChildren();
    this.filters.querySelector<HTMLElement>('[aria-pressed="true"]')?.focus();
    void this.load();
  }

  private async load(): Promise<void> {
    const page = await this.ask(null);
    if (page === undefined) return;
    const focused = (document.activeElement as HTMLElement | null)?.dataset.run;
    this.list.replaceChildren(...page.orders.map((line) => this.line(line)));
    this.note.textContent = page.orders.length === 0 ? this.editor.say("liveNobody") : "";
    if (focused !== undefined) {
      this.list
        .querySelector<HTMLElement>(`a[data-run="${CSS.escape(focused)}"]`)
        ?.focus({ preventScroll: true });
    }
  }

  private async addPage(): Promise<void> {
    const page = await this.ask(this.next);
    if (page === undefined) return;
    const lines = page.orders.map((line) => this.line(line));
    this.list.append(...lines);
    lines[0]?.querySelector<HTMLElement>("a, button")?.focus();
  }

  /** A page, or undefined if it could not be read or something else was asked meanwhile. */
  private async ask(after: string | null): Promise<OrderPage | undefined> {
    const { asked } = this;
    if (asked === null) return undefined;
    this.turns += 1;
    const turn = this.turns;
    const { say } = this.editor;
    if (this.list.childElementCount === 0) this.note.textContent = say("liveLoading");
    try {
      const page = await this.wire.orders(asked, this.span(), after);
      if (turn !== this.turns) return undefined;
      this.next = page.more;
      this.more.hidden = page.more === null;
      return page;
    } catch {
      if (turn === this.turns) this.note.textContent = say("liveLoadFailed");
      return undefined;
    }
  }

  private line(line: OrderLine): HTMLElement {
    return h(
      "li",
      { class: "live-order" },
      ...orderWords(line, this.editor, this.clock),
      this.wayButton(line),
    );
  }

  private wayButton(line: OrderLine): HTMLElement {
    const { say } = this.editor;
    return button(`${say("liveItsWay")}: ${line.number}`, () => this.actions.follow(line.run), {
      icon: "past",
    });
  }
}

/** An order as lists show it: a link with its number, whose it is, and how long it has waited. */
export function orderWords(line: OrderLine, editor: Editor, clock: Clock): HTMLElement[] {
  const { say, language } = editor;
  const now = Date.now();
  const number =
    line.address === null
      ? h("strong", {}, line.number)
      : h("a", { href: line.address, "data-run": line.run, title: say("liveOpenOrder") }, line.number);
  const waits =
    line.since === undefined
      ? say("liveCame", { when: clock.ago(line.received) })
      : say("liveWaits", { time: lengthOf(now - line.since, language) });
  const due = line.due ?? null;
  const late = due !== null && due <= now;
  const rest = line.rest === undefined ? line.state_name : say(REST_WORDS[line.rest]);
  return [
    h(
      "div",
      { class: "live-order-words" },
      h("span", { class: "live-order-head" }, number, h("span", {}, line.total)),
      h("span", { class: "live-order-under" }, [line.buyer, rest, waits].filter(Boolean).join(" · ")),
      ...(due === null
        ? []
        : [
            h(
              "span",
              { class: `live-order-due ${late ? "is-late" : "is-soon"}` },
              late
                ? say("liveOverdue", { time: lengthOf(now - due, language) })
                : say("liveDueIn", { time: lengthOf(due - now, language) }),
            ),
          ]),
    ),
  ];
}
