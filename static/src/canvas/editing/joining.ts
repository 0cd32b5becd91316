/** Joining steps without a pointer: choose the way out from a list, then where it leads. */

import { drawing as picture, h, icon } from "../dom";
import type { Editor } from "../editor";
import { inOrder } from "../outline";
import { type Choice, choose } from "./chooser";
import { best } from "./fuzzy";

/** Ask which way out of a step leads where, and join them. */
export function askToConnect(editor: Editor, node: string): void {
  const ports = editor.ports(node);
  const [only] = ports;
  if (only === undefined) return;
  if (ports.length === 1) {
    askForTarget(editor, node, only.id);
    return;
  }
  const { say } = editor;
  const choices = ports.map((port) => {
    const edge = editor.document.edges.find((one) => one.from === node && one.port === port.id);
    return {
      label: port.label,
      detail: edge === undefined ? say("leadsNowhere") : `${say("leadsTo")} ${editor.nameOf(edge.to)}`,
      run: () => askForTarget(editor, node, port.id),
    };
  });
  ask(editor, say("connectFrom", { step: editor.nameOf(node) }), choices);
}

/** Ask where a way out is to lead; the first answer of one that leads somewhere takes it away. */
export function askForTarget(editor: Editor, node: string, port: string): void {
  const { say } = editor;
  const present = editor.document.edges.find((one) => one.from === node && one.port === port);
  const targets = inOrder(editor)
    .filter((id) => id !== node && id !== present?.to && editor.takesEdges(id))
    .map((id) => {
      const kind = editor.kindOf(id);
      return {
        label: editor.nameOf(id),
        detail: editor.summaryOf(id),
        picture: h("span", { class: `card-icon group-${kind?.group ?? "order"}` }, picture(kind?.icon ?? "")),
        run: () => editor.connect(node, port, id),
      };
    });
  const release: Choice[] =
    present === undefined
      ? []
      : [
          {
            label: say("connectNowhere"),
            detail: `${say("leadsTo")} ${editor.nameOf(present.to)}`,
            picture: h("span", { class: "card-icon" }, icon("close")),
            run: () => editor.removeEdge(present.id),
          },
        ];
  const label = editor.ports(node).find((one) => one.id === port)?.label ?? port;
  ask(editor, say("connectTo", { step: editor.nameOf(node), port: label }), [...targets, ...release]);
}

/** Ask on which of a step's ways a new one is to be inserted. */
export function askForEdge(editor: Editor, node: string, chosen: (edge: string) => void): void {
  const edges = editor.document.edges.filter((edge) => edge.from === node);
  const [only] = edges;
  if (only === undefined) return;
  if (edges.length === 1) {
    chosen(only.id);
    return;
  }
  const choices = edges.map((edge) => ({
    label: editor.ports(node).find((port) => port.id === edge.port)?.label ?? edge.port,
    detail: `${editor.say("leadsTo")} ${editor.nameOf(edge.to)}`,
    run: () => chosen(edge.id),
  }));
  ask(editor, editor.say("insertWhere", { step: editor.nameOf(node) }), choices);
}

function ask(editor: Editor, title: string, choices: readonly Choice[]): void {
  choose({
    title,
    placeholder: editor.say("choosePlaceholder"),
    none: editor.say("commandNone"),
    offer: (typed) => best(typed, choices, (choice) => `${choice.label} ${choice.detail ?? ""}`),
  });
}
