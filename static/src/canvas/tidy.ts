/** Tidy: every card in its place, from left to right in the order of work. */

import { Graph, layout } from "@dagrejs/dagre";
import { type FlowDocument, ORIGIN, type Place, type Places, placesOf } from "./document";
import { CARD_WIDTH, cardHeight, entryOf, exitOf, HEAD_HEIGHT, snapped } from "./shape";

const BETWEEN = 32;

/** Places for all nodes. `ports` tells the ports of a node in the order that they stand on its card. */
export function tidy(document: FlowDocument, ports: (node: string) => readonly string[]): Places {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 40, ranksep: 80, edgesep: 24, ranker: "network-simplex" });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of document.nodes) {
    graph.setNode(node.id, { width: CARD_WIDTH, height: cardHeight(ports(node.id).length) });
  }
  const order = (node: string, port: string): number => ports(node).indexOf(port);
  const edges = [...document.edges].sort(
    (one, other) => order(one.from, one.port) - order(other.from, other.port),
  );
  for (const edge of edges) if (edge.from !== edge.to) graph.setEdge(edge.from, edge.to);
  layout(graph);
  const places: Record<string, Place> = {};
  for (const node of document.nodes) {
    const { x, y, height } = graph.node(node.id) as { x: number; y: number; height: number };
    places[node.id] = snapped({ x: x - CARD_WIDTH / 2, y: y - height / 2 });
  }
  straighten(document, places, ports);
  return places;
}

/**
 * Column by column from the left: order the cards as the ways come into them, and put each on the level of its way as
 * far as its neighbours leave room. The layout algorithm knows no ports; this is where they count.
 */
function straighten(
  document: FlowDocument,
  places: Record<string, Place>,
  ports: (node: string) => readonly string[],
): void {
  const at = (id: string): Place => places[id] ?? ORIGIN;
  const levelFor = (id: string): number => {
    const levels = document.edges
      .filter((edge) => edge.to === id && at(edge.from).x < at(id).x)
      .map((edge) => {
        const names = ports(edge.from);
        return exitOf(at(edge.from), Math.max(names.indexOf(edge.port), 0), names.length).y - HEAD_HEIGHT / 2;
      });
    const middle = levels.sort((one, other) => one - other)[Math.floor((levels.length - 1) / 2)];
    return middle ?? at(id).y;
  };
  for (const column of columnsOf(document, at)) {
    const wanted = column
      .map((id) => ({ id, level: levelFor(id), height: cardHeight(ports(id).length) }))
      .sort((one, other) => one.level - other.level || at(one.id).y - at(other.id).y);
    let free = Number.NEGATIVE_INFINITY;
    const levels = wanted.map(({ level, height }) => {
      const y = Math.max(level, free);
      free = y + height + BETWEEN;
      return y;
    });
    const pushed = levels.reduce((sum, y, index) => sum + y - (wanted[index]?.level ?? y), 0);
    const back = wanted.length > 1 ? pushed / wanted.length : 0;
    wanted.forEach(({ id }, index) => {
      places[id] = { x: at(id).x, y: Math.round((levels[index] ?? 0) - back) };
    });
  }
}

function columnsOf(document: FlowDocument, at: (id: string) => Place): string[][] {
  const columns = new Map<number, string[]>();
  for (const { id } of document.nodes) columns.set(at(id).x, [...(columns.get(at(id).x) ?? []), id]);
  return [...columns].sort(([one], [other]) => one - other).map(([, ids]) => ids);
}

/** The places that a document lacks, found without moving what has one. */
export function missingPlaces(document: FlowDocument, ports: (node: string) => readonly string[]): Places {
  const known = placesOf(document);
  const missing = document.nodes.filter((node) => known[node.id] === undefined);
  if (missing.length === 0) return {};
  const all = tidy(document, ports);
  if (missing.length === document.nodes.length) return all;
  const bottom = Math.max(...Object.values(known).map((place) => entryOf(place).y)) + 160;
  return Object.fromEntries(
    missing.map((node) => {
      const place = all[node.id] ?? ORIGIN;
      return [node.id, { x: place.x, y: place.y + bottom }];
    }),
  );
}
