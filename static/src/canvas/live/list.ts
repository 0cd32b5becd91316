/** The same numbers without a drawing: for phones and screen readers, in the order of work. */

import { drawing, h, icon } from "../dom";
import type { Editor } from "../editor";
import { inOrder } from "../outline";
import { lengthOf, ordersIn, RISK_ICONS, RISK_WORDS, riskOf } from "./crowd";
import type { Asked, Crowd, Standing } from "./wire";

export class LiveList {
  readonly element = h("section", { class: "outline live-list" });

  constructor(
    private readonly editor: Editor,
    private readonly open: (asked: Asked) => void,
  ) {
    this.element.setAttribute("aria-label", editor.say("liveBadges"));
  }

  show(standing: Standing): void {
    const focused = (document.activeElement as HTMLElement | null)?.dataset.key;
    const steps = inOrder(this.editor).map((id) => this.step(id, standing));
    this.element.replaceChildren(h("ol", { class: "outline-steps" }, ...steps));
    if (focused !== undefined) this.focus(focused);
  }

  focus(key: string): void {
    this.element.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }

  private step(id: string, standing: Standing): HTMLElement {
    const { editor } = this;
    const kind = editor.kindOf(id);
    const begins = !editor.takesEdges(id);
    const asked = { node: begins ? "" : id };
    const crowd = standing.nodes[asked.node];
    const head = [
      h("span", { class: "card-icon" }, drawing(kind?.icon ?? "")),
      h(
        "span",
        { class: "card-words" },
        h("strong", { class: "card-name" }, editor.nameOf(id)),
        crowd !== undefined && h("span", { class: "card-summary" }, this.words(crowd)),
      ),
    ];
    return h(
      "li",
      { class: `outline-step group-${kind?.group ?? "order"}` },
      crowd === undefined
        ? h("div", { class: "outline-open" }, ...head)
        : h(
            "button",
            { type: "button", class: "outline-open", "data-key": asked.node, click: () => this.open(asked) },
            ...head,
            h(
              "span",
              { class: `live-badge is-${riskOf(crowd)}` },
              icon(RISK_ICONS[riskOf(crowd)]),
              h("strong", {}, crowd.number.toLocaleString(editor.language)),
            ),
            icon("chevron"),
          ),
      this.ways(id, standing),
    );
  }

  private words(crowd: Crowd): string {
    const { say, language } = this.editor;
    const time = lengthOf(Date.now() - crowd.oldest, language);
    return [say(RISK_WORDS[riskOf(crowd)]), say("liveLongest", { time })].join(" · ");
  }

  private ways(id: string, standing: Standing): HTMLElement | false {
    const { editor } = this;
    const rows = standing.ways
      .filter(([node]) => node === id)
      .map(([node, port, count]) => {
        const edge = editor.document.edges.find((one) => one.from === node && one.port === port);
        const label = editor.ports(node).find((one) => one.id === port)?.label ?? port;
        const asked = { node, port };
        return h(
          "li",
          {},
          h("span", {}, label),
          icon("chevron"),
          edge !== undefined && h("span", { class: "outline-nowhere" }, editor.nameOf(edge.to)),
          h(
            "button",
            {
              type: "button",
              class: "live-went",
              "data-key": `${node} ${port}`,
              click: () => this.open(asked),
            },
            ordersIn(count, editor.say, editor.language),
          ),
        );
      });
    return rows.length > 0 && h("ul", { class: "outline-ways" }, ...rows);
  }
}
