/** How many of the last orders would leave a step by each of its ways, counted while its rules are written. */

import type { Json, Settings } from "../document";
import type { Editor } from "../editor";
import { Refused, type Server } from "../server";
import { h } from "../dom";

export interface CountsAsked {
  readonly type: string;
  readonly settings: Settings;
  readonly connected: readonly string[];
  readonly channels: readonly Json[];
}

export interface CountsAnswer {
  readonly orders: number;
  /** By port; a way that is missing cannot be told yet. */
  readonly ways: { readonly [port: string]: number };
}

const PAUSE_MS = 250;

/** The counts of the one step whose form is open. What is asked while an answer is under way supersedes it. */
export class Counts {
  private node = "";
  private asked = "";
  private answer: CountsAnswer | undefined;
  private timer: number | undefined;
  private current: AbortController | undefined;

  constructor(
    private readonly editor: Editor,
    private readonly server: Server,
    private readonly room: HTMLElement,
  ) {}

  /** Count for this step, if it decides by the order alone. */
  show(id: string | undefined): void {
    const node = id === undefined ? undefined : this.editor.node(id);
    if (node === undefined || this.editor.kindOf(node.id)?.group !== "decide") {
      this.stop();
      this.asked = "";
      this.answer = undefined;
      this.paintCards();
      return;
    }
    if (node.id !== this.node) this.answer = undefined;
    this.node = node.id;
    // The card is drawn anew after a change, and stands in the next frame.
    requestAnimationFrame(() => this.paintCards());
    const { edges, channels } = this.editor.document;
    const wanted: CountsAsked = {
      type: node.type,
      settings: node.settings,
      connected: edges.filter((edge) => edge.from === node.id).map((edge) => edge.port),
      channels: Array.isArray(channels) ? (channels as Json[]) : [],
    };
    const told = JSON.stringify([node.id, wanted]);
    if (told === this.asked) return;
    const first = this.answer === undefined;
    this.asked = told;
    this.stop();
    this.timer = window.setTimeout(() => void this.ask(wanted), first ? 0 : PAUSE_MS);
  }

  /** Write the counts wherever the form has room for one. */
  paint(): void {
    const { answer, editor } = this;
    const spell = new Intl.NumberFormat(editor.language);
    for (const place of this.room.querySelectorAll<HTMLElement>("[data-count]")) {
      const count = answer?.ways[place.dataset.count ?? ""];
      const known = answer !== undefined && answer.orders > 0 && count !== undefined;
      place.classList.toggle("is-zero", known && count === 0);
      if (answer === undefined) place.replaceChildren();
      else if (answer.orders === 0) place.replaceChildren(editor.say("countNone"));
      else if (count === undefined) place.replaceChildren(editor.say("countUnknown"));
      else {
        const told = editor.say("countOf", {
          orders: spell.format(answer.orders),
          count: spell.format(count),
        });
        place.replaceChildren(share(count / answer.orders), told);
      }
    }
    for (const place of this.room.querySelectorAll<HTMLElement>("[data-way-count]")) {
      const count = answer?.ways[place.dataset.wayCount ?? ""];
      const known = answer !== undefined && answer.orders > 0 && count !== undefined;
      place.textContent = known ? spell.format(count) : "";
      place.title = known
        ? editor.say("countOf", { orders: spell.format(answer.orders), count: spell.format(count) })
        : "";
    }
    this.paintCards();
  }

  /** The same numbers at the ways out of the step's card; no other card has any. */
  private paintCards(): void {
    const { answer, node } = this;
    for (const label of document.querySelectorAll<HTMLElement>(".card-port-label[data-passed]")) {
      delete label.dataset.passed;
    }
    if (answer === undefined || answer.orders === 0) return;
    const spell = new Intl.NumberFormat(this.editor.language);
    for (const [port, count] of Object.entries(answer.ways)) {
      const way = document.querySelector(
        `.card[data-node="${CSS.escape(node)}"] [data-port="${CSS.escape(port)}"]`,
      );
      const label = way?.closest("li")?.querySelector<HTMLElement>(".card-port-label");
      if (label) label.dataset.passed = spell.format(count);
    }
  }

  private stop(): void {
    window.clearTimeout(this.timer);
    this.current?.abort();
    this.current = undefined;
  }

  private async ask(wanted: CountsAsked): Promise<void> {
    const current = new AbortController();
    this.current = current;
    try {
      const answer = await this.server.counts(wanted, current.signal);
      if (this.current !== current) return;
      this.answer = answer;
      this.paint();
    } catch (error) {
      const superseded = this.current !== current;
      // Without an answer the numbers would be those of other rules: none is better.
      if (!superseded) this.answer = undefined;
      this.paint();
      if (!superseded && !(error instanceof Refused) && !(error instanceof TypeError)) throw error;
    }
  }
}

function share(part: number): HTMLElement {
  const bar = h("span", { class: "count-bar", "aria-hidden": "true" }, h("span"));
  const fill = bar.firstElementChild as HTMLElement;
  fill.style.width = `${Math.max(part * 100, part > 0 ? 3 : 0)}%`;
  return bar;
}
