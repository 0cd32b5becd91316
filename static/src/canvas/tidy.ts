/**
 * Tidy: every card in its place, in the order of work, from left to right or from top to bottom. What stands in one group is
 * tidied by itself and then stays together; what is pinned stays where it is, and the rest makes room for it.
 */

import { Graph, layout } from "@dagrejs/dagre";
import { type FlowDocument, ORIGIN, type Place, type Places, placesFrom, placesOf } from "./document";
import { foldedIn, type Group, groupsOf, notesOf, pinnedIn, shiftedBy } from "./layout";
import {
  around,
  CARD_WIDTH,
  cardHeight,
  cardRect,
  entryOf,
  exitOf,
  frameAround,
  HEAD_HEIGHT,
  overlaps,
  type Rect,
  snapped,
} from "./shape";

export type Direction = "right" | "down";

export interface TidyOptions {
  readonly direction?: Direction;
  /** Only these steps; the others stay. */
  readonly only?: ReadonlySet<string>;
}

type PortsOf = (node: string) => readonly string[];

/** What is laid out as one: a card, or all of a group. Its steps stand at `inner`, from its top left corner. */
interface Block {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly inner: Places;
  readonly isPinned: boolean;
  /** Whether it is a group with its frame, and not one card. */
  readonly isFramed: boolean;
}

type Size = Pick<Rect, "width" | "height">;

/** A way from block to block: how far down it leaves and comes in, and its order among its siblings. */
interface Link {
  readonly from: string;
  readonly to: string;
  readonly order: number;
  readonly exit: number;
  readonly entry: number;
}

const BETWEEN = 32;

/** Places for the nodes. `ports` tells the ports of a node in the order that they stand on its card. */
export function tidy(document: FlowDocument, ports: PortsOf, options: TidyOptions = {}): Places {
  const { direction = "right", only } = options;
  const nodes = document.nodes.map(({ id }) => id).filter((id) => only?.has(id) ?? true);
  const blocks = blocksOf(document, nodes, ports, direction);
  const laid = arranged(blocks, linksOf(document, blocks, ports), direction);
  const corners = settled(document, blocks, laid, only !== undefined, ports);
  return placesFrom(
    blocks.flatMap((block) => {
      const corner = corners.get(block.id) ?? ORIGIN;
      return Object.entries(block.inner).map(([id, place]) => [id, shiftedBy(place, corner.x, corner.y)]);
    }),
  );
}

// --- blocks -------------------------------------------------------------------------------------------------------

function blocksOf(
  document: FlowDocument,
  nodes: readonly string[],
  ports: PortsOf,
  direction: Direction,
): Block[] {
  const chosen = new Set(nodes);
  const groups = groupsOf(document).filter((group) => group.nodes.every((node) => chosen.has(node)));
  const grouped = new Set(groups.flatMap((group) => group.nodes));
  const pinned = pinnedIn(document);
  const cards = nodes
    .filter((id) => !grouped.has(id))
    .map((id) => ({
      id,
      width: CARD_WIDTH,
      height: cardHeight(ports(id).length),
      inner: placesFrom([[id, ORIGIN]]),
      isPinned: pinned.has(id),
      isFramed: false,
    }));
  return [...cards, ...groups.map((group) => groupBlock(document, group, ports, direction))];
}

function groupBlock(document: FlowDocument, group: Group, ports: PortsOf, direction: Direction): Block {
  const id = `group:${group.id}`;
  const pinned = pinnedIn(document);
  const isPinned = group.nodes.some((node) => pinned.has(node));
  const members = new Set(group.nodes);
  const known = placesOf(document);
  const now = placesFrom(group.nodes.map((node) => [node, known[node] ?? ORIGIN]));
  if (group.collapsed) {
    const out = document.edges.filter((edge) => members.has(edge.from) && !members.has(edge.to));
    return {
      id,
      width: CARD_WIDTH,
      height: cardHeight(out.length),
      inner: fromCorner(now),
      isPinned,
      isFramed: false,
    };
  }
  const alone = {
    ...document,
    nodes: document.nodes.filter((node) => members.has(node.id)),
    edges: document.edges.filter((edge) => members.has(edge.from) && members.has(edge.to)),
    layout: { nodes: known },
  };
  const places = isPinned ? now : tidy(alone, ports, { direction });
  const frame = frameAround(rectsOf(places, ports));
  const inner = placesFrom(
    Object.entries(places).map(([node, place]) => [node, shiftedBy(place, -frame.x, -frame.y)]),
  );
  return { id, width: frame.width, height: frame.height, inner, isPinned, isFramed: true };
}

function rectsOf(places: Places, ports: PortsOf): Rect[] {
  return Object.entries(places).map(([node, place]) => cardRect(place, ports(node).length));
}

function fromCorner(places: Places): Places {
  const left = Math.min(...Object.values(places).map((place) => place.x));
  const top = Math.min(...Object.values(places).map((place) => place.y));
  return placesFrom(Object.entries(places).map(([id, place]) => [id, shiftedBy(place, -left, -top)]));
}

function linksOf(document: FlowDocument, blocks: readonly Block[], ports: PortsOf): Link[] {
  const home = new Map(blocks.flatMap((block) => Object.keys(block.inner).map((id) => [id, block] as const)));
  const folded = foldedIn(document);
  return document.edges
    .flatMap((edge) => {
      const from = home.get(edge.from);
      const to = home.get(edge.to);
      if (from === undefined || to === undefined || from === to) return [];
      const names = ports(edge.from);
      const order = Math.max(names.indexOf(edge.port), 0);
      const start = folded.has(edge.from) ? ORIGIN : (from.inner[edge.from] ?? ORIGIN);
      const end = folded.has(edge.to) ? ORIGIN : (to.inner[edge.to] ?? ORIGIN);
      const exit = folded.has(edge.from) ? HEAD_HEIGHT / 2 : exitOf(start, order, names.length).y;
      return [{ from: from.id, to: to.id, order, exit, entry: entryOf(end).y }];
    })
    .sort((one, other) => one.order - other.order);
}

// --- laying out ---------------------------------------------------------------------------------------------------

/** The layout algorithm keeps its nodes in plain objects: no id may be the name of something that these have. */
function named(id: string): string {
  return `~${id}`;
}

function arranged(
  blocks: readonly Block[],
  links: readonly Link[],
  direction: Direction,
): Map<string, Place> {
  const graph = new Graph();
  const isDown = direction === "down";
  graph.setGraph({
    rankdir: isDown ? "TB" : "LR",
    nodesep: isDown ? 72 : 40,
    ranksep: isDown ? 56 : 80,
    edgesep: 24,
    ranker: "network-simplex",
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of blocks) graph.setNode(named(id), { width, height });
  for (const link of links) graph.setEdge(named(link.from), named(link.to));
  layout(graph);
  const places = new Map(
    blocks.map((block) => {
      const { x, y } = graph.node(named(block.id)) as { x: number; y: number };
      return [block.id, snapped({ x: x - block.width / 2, y: y - block.height / 2 })];
    }),
  );
  if (!isDown) straighten(blocks, links, places);
  return places;
}

/**
 * Column by column from the left: order the blocks as the ways come into them, and put each on the level of its way as
 * far as its neighbours leave room. The layout algorithm knows no ports; this is where they count.
 */
function straighten(blocks: readonly Block[], links: readonly Link[], places: Map<string, Place>): void {
  const at = (id: string): Place => places.get(id) ?? ORIGIN;
  const into = new Map<string, Link[]>();
  for (const link of links) into.set(link.to, [...(into.get(link.to) ?? []), link]);
  const levelFor = (id: string): number => {
    const levels = (into.get(id) ?? [])
      .filter((link) => at(link.from).x < at(id).x)
      .map((link) => at(link.from).y + link.exit - link.entry)
      .sort((one, other) => one - other);
    return levels[Math.floor((levels.length - 1) / 2)] ?? at(id).y;
  };
  for (const column of columnsOf(blocks, at)) {
    const wanted = column
      .map(({ id, height }) => ({ id, level: levelFor(id), height }))
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
      places.set(id, { x: at(id).x, y: Math.round((levels[index] ?? 0) - back) });
    });
  }
}

/** Blocks of one rank have their middles on one line, whatever their widths. */
function columnsOf(blocks: readonly Block[], at: (id: string) => Place): Block[][] {
  const columns = new Map<number, Block[]>();
  for (const block of blocks) {
    const middle = Math.round((at(block.id).x + block.width / 2) / 8);
    columns.set(middle, [...(columns.get(middle) ?? []), block]);
  }
  return [...columns].sort(([one], [other]) => one - other).map(([, members]) => members);
}

// --- what stays ---------------------------------------------------------------------------------------------------

/** Where the blocks come to stand: around what is pinned, or where the part that is tidied stood before. */
function settled(
  document: FlowDocument,
  blocks: readonly Block[],
  laid: ReadonlyMap<string, Place>,
  isPart: boolean,
  ports: PortsOf,
): ReadonlyMap<string, Place> {
  const before = (block: Block): Place => cornerNow(document, block, ports);
  const pinned = blocks.filter((block) => block.isPinned);
  const anchors = pinned.length > 0 ? pinned : isPart ? blocks : [];
  if (anchors.length === 0) return laid;
  const shift =
    pinned.length > 0
      ? meanShift(pinned.map((block) => [before(block), laid.get(block.id) ?? ORIGIN]))
      : cornerShift(blocks.map(before), [...laid.values()]);
  const corners = new Map<string, Place>();
  const taken: Rect[] = [];
  for (const block of pinned) {
    corners.set(block.id, before(block));
    taken.push({ ...before(block), width: block.width, height: block.height });
  }
  const others = blocks
    .filter((block) => !block.isPinned)
    .map((block) => ({ block, at: shiftedBy(laid.get(block.id) ?? ORIGIN, shift.x, shift.y) }))
    .sort((one, other) => one.at.y - other.at.y);
  for (const { block, at } of others) {
    const place = besides(snapped(at), block, taken);
    corners.set(block.id, place);
    taken.push({ ...place, width: block.width, height: block.height });
  }
  return corners;
}

function cornerNow(document: FlowDocument, block: Block, ports: PortsOf): Place {
  const known = placesOf(document);
  const places = placesFrom(Object.keys(block.inner).map((id) => [id, known[id] ?? ORIGIN]));
  const { x, y } = block.isFramed ? frameAround(rectsOf(places, ports)) : around(rectsOf(places, ports));
  return { x, y };
}

function meanShift(pairs: readonly (readonly [Place, Place])[]): Place {
  const sum = pairs.reduce((all, [now, then]) => shiftedBy(all, now.x - then.x, now.y - then.y), ORIGIN);
  return { x: sum.x / pairs.length, y: sum.y / pairs.length };
}

function cornerShift(now: readonly Place[], then: readonly Place[]): Place {
  const least = (places: readonly Place[], side: "x" | "y"): number =>
    Math.min(...places.map((one) => one[side]));
  return { x: least(now, "x") - least(then, "x"), y: least(now, "y") - least(then, "y") };
}

/** The first free level for a block, downwards from where it would stand. */
function besides(wanted: Place, block: Size, taken: readonly Rect[]): Place {
  let place = wanted;
  for (let step = 0; step <= taken.length; step += 1) {
    const rect = { ...place, width: block.width, height: block.height };
    const blocker = taken.find((other) => overlaps(rect, other, BETWEEN / 2));
    if (blocker === undefined) return place;
    place = { x: place.x, y: blocker.y + blocker.height + BETWEEN };
  }
  return place;
}

/** Where notes go when cards do: each with the card that it stood nearest to, and then clear of all cards. */
export function notesAlong(
  document: FlowDocument,
  after: Places,
  ports: PortsOf,
): ReadonlyMap<string, Place> {
  const before = placesOf(document);
  const rectOf = (id: string, place: Place): Rect => cardRect(place, ports(id).length);
  const cards = document.nodes.map(({ id }) => ({ id, rect: rectOf(id, before[id] ?? ORIGIN) }));
  const taken = cards.map(({ id, rect }) => (after[id] === undefined ? rect : rectOf(id, after[id])));
  return new Map(
    notesOf(document).flatMap((note) => {
      const [nearest] = [...cards].sort((one, other) => far(one.rect, note) - far(other.rect, note));
      const to = nearest === undefined ? undefined : after[nearest.id];
      if (nearest === undefined || to === undefined) return [];
      const place = shiftedBy(note, to.x - nearest.rect.x, to.y - nearest.rect.y);
      return [[note.id, besides(place, note, taken)] as const];
    }),
  );
}

/** How far apart two rectangles are. */
function far(one: Rect, other: Rect): number {
  const across = Math.max(one.x - other.x - other.width, other.x - one.x - one.width, 0);
  const down = Math.max(one.y - other.y - other.height, other.y - one.y - one.height, 0);
  return Math.hypot(across, down);
}

/** The places that a document lacks, found without moving what has one. */
export function missingPlaces(document: FlowDocument, ports: PortsOf): Places {
  const known = placesOf(document);
  const missing = document.nodes.filter((node) => known[node.id] === undefined);
  if (missing.length === 0) return placesFrom([]);
  const all = tidy(document, ports);
  if (missing.length === document.nodes.length) return all;
  const bottom = Math.max(...Object.values(known).map((place) => entryOf(place).y)) + 160;
  return placesFrom(
    missing.map((node) => {
      const place = all[node.id] ?? ORIGIN;
      return [node.id, { x: place.x, y: place.y + bottom }];
    }),
  );
}
