/** Going about a flow by the arrow keys: along the edges, to neighbours, and to all that follows or leads here. */

import type { Editor } from "../editor";

export type Way = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown";

/** Where a walk begins: at the start of the flow. */
export function firstStep(editor: Editor): string | undefined {
  return (editor.document.nodes.find((node) => !editor.takesEdges(node.id)) ?? editor.document.nodes[0])?.id;
}

/** The node that an arrow key leads to. */
export function neighbour(editor: Editor, from: string, key: Way): string | undefined {
  const { edges, nodes } = editor.document;
  if (key === "ArrowRight") {
    const ports = editor.portIds(from);
    const out = edges.filter((edge) => edge.from === from);
    return out.sort((one, other) => ports.indexOf(one.port) - ports.indexOf(other.port))[0]?.to;
  }
  if (key === "ArrowLeft") return edges.find((edge) => edge.to === from)?.from;
  const here = editor.placeOf(from);
  const down = key === "ArrowDown" ? 1 : -1;
  const candidates = nodes
    .filter((node) => node.id !== from)
    .map((node) => ({ id: node.id, place: editor.placeOf(node.id) }))
    .filter(({ place }) => (place.y - here.y) * down > 0)
    .map(({ id, place }) => ({ id, far: Math.abs(place.y - here.y) + 2 * Math.abs(place.x - here.x) }));
  return candidates.sort((one, other) => one.far - other.far)[0]?.id;
}

/** A node and all that can be reached from it, along the edges or against them. */
export function reached(editor: Editor, from: string, onwards: boolean): Set<string> {
  const found = new Set([from]);
  const open = [from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const edge of editor.document.edges) {
      const [here, next] = onwards ? [edge.from, edge.to] : [edge.to, edge.from];
      if (here === id && !found.has(next)) {
        found.add(next);
        open.push(next);
      }
    }
  }
  return found;
}
