/** One step of a tried order, told: what may be answered, what changed, why it went its way, what would turn it. */

import { button, type Child, h, icon } from "../dom";
import type { Editor } from "../editor";
import type { Word } from "../words";
import type { Answer, Change, Clause, Step, Trial, Truth } from "./wire";

export interface StepActions {
  answer(step: Step, answer: Answer): void;
  turn(changes: readonly Change[]): void;
}

const RESTS: Readonly<Record<string, Word>> = {
  person: "tryWaitsPerson",
  hold: "tryWaitsHold",
  time: "tryWaitsTime",
  system: "tryWaitsSystem",
  retry: "tryWaitsRetry",
  join: "tryWaitsJoin",
  inside: "tryGoesInside",
};

const REASONS: Readonly<Record<string, Word>> = {
  missing: "tryMissing",
  null: "tryNull",
  masked: "tryIsMasked",
  other_currency: "tryCurrency",
  other_kind: "tryKind",
};

const GROUPS: Readonly<Record<string, Word>> = {
  all: "tryAll",
  any: "tryAny",
  not: "tryNot",
  any_item: "tryAnyItem",
  every_item: "tryEveryItem",
};

export function stepName(editor: Editor, step: Step): string {
  return step.inside?.name ?? editor.nameOf(step.node);
}

function wayName(editor: Editor, step: Step, port: string): string {
  return step.inside?.ways[port] ?? editor.ports(step.node).find((one) => one.id === port)?.label ?? port;
}

/** How a step ended, in a few words. */
export function howLeft(editor: Editor, step: Step): string {
  const { say } = editor;
  if (step.blocked !== "") return say("tryBlocked", { step: editor.nameOf(step.blocked) });
  if (step.failed !== "") return say("tryFailed", { why: step.failed });
  if (step.finish !== "") return say(step.finish === "cancelled" ? "tryCancelled" : "tryFinished");
  if (step.left.length > 0) {
    const ways = step.left.map((port) => wayName(editor, step, port));
    return say("tryLeftBy", { way: ways.join(say("listJoin")) });
  }
  const rest = RESTS[step.rest];
  return rest === undefined ? "" : say(rest);
}

/** Everything about a step. */
export function stepDetail(
  editor: Editor,
  trial: Trial,
  index: number,
  actions: StepActions,
): readonly Child[] {
  const { say } = editor;
  const step = trial.steps[index];
  if (step === undefined) return [];
  return [
    step.asked !== null && h("p", { class: "try-asked" }, say("tryAsked", { title: step.asked.title })),
    ...step.notes.map((text) => h("p", { class: "try-note" }, text)),
    answers(editor, trial, step, actions),
    ...step.sent.map((sent) =>
      h(
        "section",
        {},
        h("h4", {}, say("tryWouldSend", { to: sent.to })),
        h(
          "dl",
          { class: "try-sent" },
          ...sent.content.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
        ),
      ),
    ),
    step.changes.length > 0 && changed(editor, step),
    step.why.length > 0 && why(editor, step),
    step.others.length > 0 && others(editor, step, actions),
    values(editor, trial, index),
  ];
}

function answers(editor: Editor, trial: Trial, step: Step, actions: StepActions): HTMLElement | false {
  const offers = offersAt(step);
  if (offers.length === 0) return false;
  const { say } = editor;
  const given = step.given === null ? undefined : trial.answers[step.given];
  return h(
    "section",
    { class: "try-answers", role: "group", "aria-label": say("tryAnswer") },
    h("h4", {}, say("tryAnswer")),
    ...offers.map(([word, answer]) =>
      button(say(word), () => actions.answer(step, answer), {
        text: true,
        class: "button",
        pressed: given !== undefined && isSame(given, answer),
      }),
    ),
  );
}

function offersAt(step: Step): readonly (readonly [Word, Answer])[] {
  const { node, waited } = step;
  const due: readonly (readonly [Word, Answer])[] =
    step.until === null ? [] : [["tryDue", { node, due: true }]];
  if (waited === "person" || waited === "hold")
    return [
      ["tryApprove", { node, decision: "approve" }],
      ["tryReject", { node, decision: "reject" }],
      ...due,
    ];
  if (waited === "system")
    return [
      ["tryOk", { node, port: "ok" }],
      ["tryError", { node, port: "failed", kind: "error" }],
      ["tryTimeout", { node, port: "timeout", kind: "timeout" }],
    ];
  return waited === "time" ? due : [];
}

function isSame(one: Answer, other: Answer): boolean {
  return one.decision === other.decision && one.due === other.due && one.port === other.port;
}

function changed(editor: Editor, step: Step): HTMLElement {
  const { say } = editor;
  return h(
    "section",
    {},
    h("h4", {}, say("tryChanged")),
    h(
      "table",
      { class: "try-values" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ...(["tryValue", "tryBefore", "tryAfter"] as const).map((word) => h("th", {}, say(word))),
        ),
      ),
      h(
        "tbody",
        {},
        ...step.changes.map((one) =>
          h("tr", {}, h("th", {}, one.label), h("td", {}, one.before), h("td", {}, one.after)),
        ),
      ),
    ),
  );
}

/** Every value as the step saw it. */
function values(editor: Editor, trial: Trial, index: number): HTMLElement {
  const now = new Map(trial.values.map(([path, label, value]) => [path, [label, value] as const]));
  for (const step of trial.steps.slice(0, index))
    for (const one of step.changes) now.set(one.path, [one.label, one.after]);
  return h(
    "details",
    { class: "try-all" },
    h("summary", {}, editor.say("tryValues")),
    h(
      "dl",
      { class: "try-sent" },
      ...[...now.values()].map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value))),
    ),
  );
}

// --- why ------------------------------------------------------------------------------------------------------------

function why(editor: Editor, step: Step): HTMLElement {
  const { say } = editor;
  return h(
    "section",
    { class: "try-why" },
    h("h4", {}, say("tryWhy")),
    h(
      "ul",
      {},
      ...step.why.map((rule) => {
        const name = say("tryRule", { way: wayName(editor, step, rule.way) });
        const parts = rule.kind === "clause" ? [rule] : rule.parts;
        const group = GROUPS[rule.kind];
        const joint = group === undefined || parts.length < 2 ? "" : ` · ${say(group)}`;
        return h(
          "li",
          {},
          verdict(editor, rule.truth, `${name}${joint}`),
          h("ul", {}, ...parts.map((part) => clause(editor, part))),
        );
      }),
    ),
  );
}

function clause(editor: Editor, part: Clause): HTMLElement {
  const { say } = editor;
  if (part.kind !== "clause") {
    const group = GROUPS[part.kind];
    const name =
      group === undefined ? say("tryItem", { number: Number(part.where.split(".")[1]) + 1 }) : say(group);
    const parts = part.parts.map((inner) => clause(editor, inner));
    return h("li", {}, verdict(editor, part.truth, name), parts.length > 0 && h("ul", {}, ...parts));
  }
  const reason = REASONS[part.reason];
  const seen = reason === undefined ? say("trySeen", { seen: part.seen }) : say(reason);
  const text = `${fieldName(editor, part)} ${operator(editor, part)} ${part.wanted}`.trim();
  return h("li", {}, verdict(editor, part.truth, text), h("span", { class: "try-seen" }, seen));
}

/** A field of a line of the order is told by its path alone; what it is called stands in the palette. */
function fieldName(editor: Editor, { field, path }: Clause): string {
  const known = field === path ? editor.palette.fields.find((one) => one.path === path) : undefined;
  return known?.label ?? field;
}

function operator(editor: Editor, part: Clause): string {
  const { fields, operators } = editor.palette;
  const kind = fields.find((field) => field.path === part.path)?.kind ?? "any";
  return operators[kind].find((one) => one.op === part.op)?.label ?? part.op;
}

const TRUTHS = {
  true: ["is-true", "check", "tryTrue"],
  false: ["is-false", "close", "tryFalse"],
  null: ["is-unknown", "more", "tryUnknown"],
} as const;

function verdict(editor: Editor, truth: Truth, text: string): HTMLElement {
  const [look, picture, word] = TRUTHS[`${truth}`];
  return h(
    "span",
    { class: `try-truth ${look}` },
    icon(picture),
    h("span", {}, text),
    h("em", {}, editor.say(word)),
  );
}

function others(editor: Editor, step: Step, actions: StepActions): HTMLElement {
  const { say } = editor;
  return h(
    "section",
    { class: "try-others" },
    h("h4", {}, say("tryOthers")),
    h(
      "ul",
      {},
      ...step.others.map((other) => {
        const told = other.changes.map((one) =>
          say("tryChange", { field: one.label, before: one.before, after: one.after }),
        );
        const name = wayName(editor, step, other.way);
        return h(
          "li",
          { "data-way": other.way },
          h("strong", {}, say("tryOther", { way: name })),
          h("span", {}, told.length === 0 ? say("tryNone") : told.join(say("listJoin"))),
          told.length > 0 &&
            button(say("tryThat"), () => actions.turn(other.changes), { text: true, class: "button" }),
        );
      }),
    ),
  );
}
