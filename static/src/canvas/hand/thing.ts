/** What a press meets: a card, an edge, a note, a group, or blank canvas. */

import type { Place } from "../document";

/** What lies under the pointer, of all that can be asked about. */
export type Thing =
  | { readonly kind: "node" | "edge" | "note" | "group"; readonly id: string }
  | { readonly kind: "blank"; readonly at: Place };

/** What was pressed: a double click is about what its first press met. */
export interface Press {
  readonly thing: Thing | null;
  readonly isName: boolean;
  readonly isElsewhere: boolean;
}

/** The thing that an element belongs to; null for blank canvas. A group is taken by its name or its card. */
export function thingAt(target: Element): Thing | null {
  const card = target.closest<HTMLElement>(".card");
  if (card?.dataset.node !== undefined) return { kind: "node", id: card.dataset.node };
  const group = (card ?? target.closest(".group-head")?.closest<HTMLElement>(".group-frame"))?.dataset.group;
  if (group !== undefined) return { kind: "group", id: group };
  const note = target.closest<HTMLElement>(".note")?.dataset.note;
  if (note !== undefined) return { kind: "note", id: note };
  const edge = target.closest(".x6-edge")?.getAttribute("data-cell-id");
  return edge?.startsWith("edge:") === true ? { kind: "edge", id: edge.slice("edge:".length) } : null;
}

export function pressOn(target: Element): Press {
  return {
    thing: thingAt(target),
    isName: target.closest(".card-name, .group-name") !== null,
    isElsewhere: target.closest(".canvas-float, .port, .group-fold, textarea") !== null,
  };
}
