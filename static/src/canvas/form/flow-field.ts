/** A published flow, and which of its versions. */

import { button, h, icon } from "../dom";
import type { Json } from "../document";
import type { PublishedFlow } from "../palette-types";
import type { FieldMaker, FormContext } from "./context";
import { picker } from "./picker";
import { type Path, told, withPart } from "./place";

/** With another flow comes its newest version. */
export const flowField: FieldMaker = (_schema, path, value, context) =>
  picker({
    say: context.say,
    field: told(path),
    name: context.say("field"),
    value: typeof value === "string" ? value : "",
    prompt: context.palette.flows.length > 0 ? context.say("chooseOne") : context.say("noFlows"),
    picks: () => context.palette.flows.map(({ key, label }) => ({ key, label, detail: key })),
    choose: (key) => {
      const newest = flowOf(context, key)?.versions[0]?.number;
      const chosen = withPart(context.settings(), path, key);
      context.change([], newest === undefined ? chosen : withPart(chosen, beside(path), newest), true);
    },
  });

export const versionField: FieldMaker = (_schema, path, value, context, siblings) => {
  const { say } = context;
  const flow = flowOf(context, siblings.flow);
  const versions = flow?.versions ?? [];
  const list = h(
    "select",
    {
      class: "select",
      "data-field": told(path),
      disabled: flow === undefined,
      change: () => context.change(path, Number(list.value), true),
    },
    typeof value !== "number" && h("option", { value: "" }, say("chooseOne")),
    ...versions.map(({ number, note }) =>
      h(
        "option",
        { value: number },
        note === "" ? say("versionOf", { version: number }) : say("versionNoted", { version: number, note }),
      ),
    ),
    typeof value === "number" &&
      versions.every((one) => one.number !== value) &&
      h("option", { value }, say("versionGone", { version: value })),
  );
  list.value = typeof value === "number" ? String(value) : "";
  const newest = versions[0]?.number;
  const isKnown = typeof value === "number" && versions.some((one) => one.number === value);
  return h(
    "div",
    { class: "flow-version" },
    list,
    isKnown &&
      flow !== undefined &&
      h(
        "a",
        { class: "flow-open", href: context.flowAddress({ flow: flow.key, version: value }) },
        icon("drawing"),
        say("openVersion", { version: value }),
      ),
    typeof value === "number" &&
      newest !== undefined &&
      newest > value &&
      button(say("takeNewer", { version: newest }), () => context.change(path, newest, true), {
        text: true,
        class: "button quiet",
      }),
  );
};

function flowOf(context: FormContext, key: Json | undefined): PublishedFlow | undefined {
  return context.palette.flows.find((one) => one.key === key);
}

function beside(path: Path): Path {
  return [...path.slice(0, -1), "version"];
}
