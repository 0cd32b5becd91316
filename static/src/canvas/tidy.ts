/** Tidy: every card in its place, from left to right in the order of work. */

import { Graph, layout } from "@dagrejs/dagre";
import { type FlowDocument, ORIGIN, type Place, type Places, placesOf } from "./document";
import { CARD_WIDTH, cardHeight, entryOf, snapped } from "./shape";

/** Places for all nodes. `ports` tells the ports of a node in the order that they stand on its card. */
export function tidy(document: FlowDocument, ports: (node: string) => readonly string[]): Places {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 40, ranksep: 88, edgesep: 24, ranker: "network-simplex" });
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
  return places;
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
