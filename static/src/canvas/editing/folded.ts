/** Collapsed groups: one card stands for all the steps in it, with every way that leads out of them. */

import type { CardContent } from "../card";
import type { FlowEdge } from "../document";
import type { Editor } from "../editor";
import { type Group, groupsOf } from "../layout";
import { cardRect, type Rect } from "../shape";
import { cornerOf } from "./shaping";

export interface FoldedCard {
  readonly group: Group;
  readonly rect: Rect;
  /** The edges that leave the group, in the order in which its card shows them. */
  readonly outgoing: readonly FlowEdge[];
}

/** The cards of all collapsed groups, by `group:<id>`. */
export function foldedCards(editor: Editor): ReadonlyMap<string, FoldedCard> {
  const collapsed = groupsOf(editor.document).filter((group) => group.collapsed);
  return new Map(
    collapsed.map((group) => {
      const members = new Set(group.nodes);
      const outgoing = editor.document.edges.filter(
        (edge) => members.has(edge.from) && !members.has(edge.to),
      );
      return [
        `group:${group.id}`,
        { group, outgoing, rect: cardRect(cornerOf(editor, group), outgoing.length) },
      ];
    }),
  );
}

export function groupCard(editor: Editor, { group, outgoing }: FoldedCard): CardContent {
  const { say } = editor;
  const problems = group.nodes.flatMap((id) => editor.problemsOf(id));
  const ports = outgoing.map((edge) => {
    const port = editor.ports(edge.from).find((one) => one.id === edge.port);
    const label = `${editor.nameOf(edge.from)} · ${port?.label ?? edge.port}`;
    const hint = say("portConnected", { port: label, to: editor.nameOf(edge.to) });
    return { id: edge.id, label, failure: port?.failure ?? false, hint, connected: true };
  });
  return {
    id: `group:${group.id}`,
    kind: "group",
    group: "order",
    icon: "",
    name: group.name,
    summary: say("groupSteps", { count: group.nodes.length }),
    awaited: false,
    ports,
    errors: problems.filter((problem) => problem.level === "error").length,
    warnings: problems.filter((problem) => problem.level === "warning").length,
    problem: problems.map((problem) => problem.text).join("\n"),
    selected: group.nodes.some((id) => editor.selected.has(id)),
    mark: "",
    unfold: say("expandGroup", { name: group.name }),
  };
}
