/** The card of a step: what it shows, and its elements. */

import type { Group } from "./palette-types";
import { drawing, h, icon } from "./dom";
import type { Editor, Mark } from "./editor";
import { pinnedIn } from "./layout";
import { cardHeight, CARD_WIDTH } from "./shape";

export interface CardPort {
  readonly id: string;
  readonly label: string;
  readonly failure: boolean;
  readonly hint: string;
  readonly connected: boolean;
}

/** All that a card shows. Two equal contents look the same. */
export interface CardContent {
  readonly id: string;
  readonly kind: string;
  readonly group: Group;
  readonly icon: string;
  readonly name: string;
  readonly summary: string;
  /** Whether it takes edges in and none has come yet: then it shows where. */
  readonly awaited: boolean;
  readonly ports: readonly CardPort[];
  readonly errors: number;
  readonly warnings: number;
  readonly problem: string;
  readonly selected: boolean;
  /** In a view that compares: whether the step was added, removed or changed. */
  readonly mark: Mark | "";
  /** It stays where it is when the flow is tidied. */
  readonly pinned?: string | false;
  /** The search has found something in it. */
  readonly found?: boolean;
  /** The card of a collapsed group: what its button is called. */
  readonly unfold?: string;
}

export function contentOf(editor: Editor, id: string): CardContent {
  const { say } = editor;
  const kind = editor.kindOf(id);
  const node = editor.node(id);
  const problems = editor.problemsOf(id);
  const ports = editor.ports(id).map((port) => {
    const edge = editor.document.edges.find((one) => one.from === id && one.port === port.id);
    const hint =
      edge === undefined
        ? say("portFree", { port: port.label })
        : say("portConnected", { port: port.label, to: editor.nameOf(edge.to) });
    return { id: port.id, label: port.label, failure: port.failure, hint, connected: edge !== undefined };
  });
  const summary = editor.summaryOf(id);
  return {
    id,
    kind: node?.type ?? "",
    group: kind?.group ?? "order",
    icon: kind?.icon ?? "",
    name: editor.nameOf(id),
    summary: summary !== "" || kind === undefined ? summary : node?.name === undefined ? "" : kind.label,
    awaited: (kind?.incoming ?? true) && !editor.document.edges.some((edge) => edge.to === id),
    ports,
    errors: problems.filter((problem) => problem.level === "error").length,
    warnings: problems.filter((problem) => problem.level === "warning").length,
    problem: problems.map((problem) => problem.text).join("\n"),
    selected: editor.selected.has(id),
    mark: editor.marks.get(id) ?? "",
    pinned: pinnedIn(editor.document).has(id) && say("pinned"),
  };
}

export function cardSize(content: CardContent): { width: number; height: number } {
  return { width: CARD_WIDTH, height: cardHeight(content.ports.length) };
}

export function cardElement(content: CardContent): HTMLElement {
  const single = content.ports.length === 1;
  return h(
    "div",
    {
      class: `card group-${content.group}${marksOf(content)}`,
      "data-node": content.unfold === undefined ? content.id : null,
      "data-group": content.unfold === undefined ? null : content.id.replace("group:", ""),
      "data-kind": content.kind,
      role: "group",
      "aria-label": [content.name, content.summary].filter(Boolean).join(". "),
    },
    content.awaited && h("span", { class: "card-entry", "aria-hidden": "true" }),
    h(
      "div",
      { class: "card-head" },
      h("span", { class: "card-icon" }, content.unfold === undefined ? drawing(content.icon) : icon("group")),
      h(
        "span",
        { class: "card-words" },
        h("strong", { class: "card-name" }, content.name),
        content.summary !== "" &&
          h("span", { class: "card-summary", title: content.summary }, content.summary),
      ),
      badge(content),
      content.pinned && h("span", { class: "card-pin", title: content.pinned }, icon("pin")),
      content.unfold !== undefined && unfoldElement(content.unfold),
      single && portElement(content.ports[0] as CardPort),
    ),
    content.ports.length > 1 &&
      h(
        "ul",
        { class: "card-ports" },
        ...content.ports.map((port) =>
          h(
            "li",
            { class: port.failure ? "is-failure" : null },
            h("span", { class: "card-port-label", title: port.label }, port.label),
            portElement(port),
          ),
        ),
      ),
  );
}

function marksOf(content: CardContent): string {
  const marks = {
    "is-selected": content.selected,
    "has-errors": content.errors > 0,
    "is-found": content.found === true,
    "is-folded": content.unfold !== undefined,
    [`is-${content.mark}`]: content.mark !== "",
  };
  return Object.entries(marks)
    .filter(([, on]) => on)
    .map(([mark]) => ` ${mark}`)
    .join("");
}

function unfoldElement(label: string): HTMLElement {
  return h(
    "button",
    { type: "button", class: "group-fold", title: label, "aria-label": label, tabindex: "-1" },
    icon("unfold"),
  );
}

function portElement(port: CardPort): HTMLElement {
  const state = `${port.failure ? " is-failure" : ""}${port.connected ? " is-connected" : " is-free"}`;
  return h(
    "button",
    {
      type: "button",
      class: `port${state}`,
      "data-port": port.id,
      "aria-label": port.hint,
      title: port.hint,
      tabindex: "-1",
    },
    h("span", { class: "port-dot" }),
    !port.connected && h("span", { class: "port-plus" }, icon("plus")),
  );
}

function badge(content: CardContent): HTMLElement | false {
  if (content.errors > 0) {
    return h(
      "span",
      { class: "card-badge is-error", title: content.problem },
      icon("error"),
      String(content.errors),
    );
  }
  if (content.warnings > 0) {
    const count = String(content.warnings);
    return h("span", { class: "card-badge is-warning", title: content.problem }, icon("alert"), count);
  }
  return false;
}
