/** The strip under the bar: how many orders are under way and at risk (which is the legend too), and what ways count. */

import { h, icon } from "../dom";
import type { Editor } from "../editor";
import { RISK_ICONS, RISK_WORDS, RISKS, totals, type Risk } from "./crowd";
import type { Span, Standing } from "./wire";

const SPANS = [
  ["hour", "liveHour"],
  ["day", "liveDay"],
  ["week", "liveWeek"],
] as const;

export class Strip {
  readonly element: HTMLElement;
  private readonly under = h("strong", { class: "strip-all" });
  private readonly risks = h("div", { class: "strip-risks", role: "group" });
  private readonly counted = h("span", { class: "strip-counted" });
  private readonly older = h("a", { class: "strip-older", hidden: true });

  constructor(
    private readonly editor: Editor,
    span: Span,
    choose: (span: Span) => void,
    private readonly goTo: (risk: Risk) => void,
  ) {
    const { say } = editor;
    this.risks.setAttribute("aria-label", say("liveStrip"));
    const spans = h(
      "div",
      { class: "segments", role: "radiogroup", "aria-label": say("liveWindow") },
      ...SPANS.map(([value, word]) =>
        h(
          "label",
          {},
          h("input", {
            type: "radio",
            name: "window",
            value,
            checked: value === span,
            change: () => choose(value),
          }),
          h("span", {}, say(word)),
        ),
      ),
    );
    this.element = h(
      "section",
      { class: "live-strip", "aria-label": say("liveStrip") },
      this.under,
      this.risks,
      this.older,
      h(
        "div",
        { class: "strip-window" },
        h("span", { "aria-hidden": "true" }, say("liveWindow")),
        spans,
        this.counted,
      ),
    );
  }

  show(standing: Standing): void {
    const { say, language } = this.editor;
    const sum = totals(standing);
    const number = (count: number): string => count.toLocaleString(language);
    this.under.textContent =
      sum.all === 0
        ? say("liveNone")
        : sum.all === 1
          ? say("liveOneUnderWay")
          : say("liveUnderWay", { count: number(sum.all) });
    for (const risk of RISKS) this.showRisk(risk, sum[risk], number(sum[risk]));
    const counted = { count: number(standing.counted) };
    this.counted.textContent = say(standing.cut ? "liveCut" : "liveCounted", counted);
    const { orders, address } = standing.older;
    this.older.hidden = orders === 0;
    this.older.href = address;
    this.older.textContent = orders === 1 ? say("liveOneOlder") : say("liveOlder", { count: number(orders) });
  }

  private showRisk(risk: Risk, count: number, told: string): void {
    const known = this.risks.querySelector<HTMLButtonElement>(`.is-${risk}`);
    const chip =
      known ?? h("button", { type: "button", class: `strip-risk is-${risk}`, click: () => this.goTo(risk) });
    chip.replaceChildren(
      icon(RISK_ICONS[risk]),
      h("strong", {}, told),
      h("span", {}, this.editor.say(RISK_WORDS[risk])),
    );
    chip.disabled = count === 0;
    if (known === null) this.risks.append(chip);
  }
}
