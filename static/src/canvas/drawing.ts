/** The drawing: the document as X6 shows it. It never decides anything; it follows the editor and tells where things are. */

import { type Cell, Config, type Edge, Graph, type Node, Shape } from "@antv/x6";
import { type CardContent, cardElement, cardSize, contentOf } from "./card";
import type { FlowEdge, Place, Places } from "./document";
import type { Editor } from "./editor";
import { Backdrop } from "./editing/backdrop";
import { type FoldedCard, foldedCards, groupCard } from "./editing/folded";
import { foldedIn } from "./layout";
import { distanceTo, middleOf, route } from "./route";
import { around, contains, entryOf, exitOf, MARGIN, overlaps, type Rect } from "./shape";

const CARD_SHAPE = "step-card";
const WAY_SHAPE = "step-way";
const SMALLEST = 0.15;
const LARGEST = 2;
const READABLE = 0.7;

interface Ends {
  readonly from: string;
  readonly to: string;
  readonly exit: number;
  readonly exits: readonly string[];
}

// The page's own style sheet holds X6's few rules: our policy lets no script add style elements.
Config.autoInsertCSS = false;

Shape.HTML.register({
  shape: CARD_SHAPE,
  effect: ["data"],
  html: (cell) => cardElement((cell.getData() as { content: CardContent }).content),
});

Graph.registerEdge(
  WAY_SHAPE,
  {
    inherit: "edge",
    markup: [
      { tagName: "path", selector: "wrap", attrs: { fill: "none", class: "way-wrap" } },
      { tagName: "path", selector: "line", attrs: { fill: "none", class: "way-line" } },
    ],
    attrs: {
      wrap: { connection: true, strokeWidth: 18, stroke: "transparent", fill: "none" },
      line: {
        connection: true,
        strokeWidth: 1.5,
        stroke: "var(--way)",
        fill: "none",
        targetMarker: arrow("var(--way)"),
      },
    },
    connector: { name: "rounded", args: { radius: 10 } },
  },
  true,
);

export class Drawing {
  readonly graph: Graph;
  /** Notes and the frames of groups, behind the cards. */
  readonly backdrop: Backdrop;
  private folds: ReadonlyMap<string, FoldedCard> = new Map();
  private readonly rects = new Map<string, Rect>();
  private readonly shown = new Map<string, string>();

  constructor(
    readonly container: HTMLElement,
    private readonly editor: Editor,
  ) {
    Graph.registerRouter("around-cards", (_vertices, _args, view) => this.cornersOf(view.cell as Edge), true);
    this.graph = new Graph({
      container,
      autoResize: true,
      async: true,
      virtual: { enabled: true, margin: 400 },
      background: false,
      grid: false,
      interacting: false,
      preventDefaultBlankAction: false,
      preventDefaultContextMenu: false,
      preventDefaultMouseDown: false,
      guard: () => true,
      scaling: { min: SMALLEST, max: LARGEST },
    });
    this.backdrop = new Backdrop(editor, (id) => this.rects.get(id));
    container.prepend(this.backdrop.element);
    for (const event of ["translate", "scale", "resize"] as const) this.graph.on(event, () => this.moved());
    editor.on("document", () => this.follow());
    editor.on("selection", () => this.follow());
    editor.on("problems", () => this.follow());
    this.follow();
  }

  /** Called after the view moved or zoomed. */
  onMoved: () => void = () => {};
  private held = false;
  private readonly fresh: Cell[] = [];
  private found: ReadonlySet<string> = new Set();

  // --- following the document -------------------------------------------------------------------------------------

  follow(): void {
    if (this.held) return;
    const { document, selectedEdge } = this.editor;
    const hidden = foldedIn(document);
    this.folds = foldedCards(this.editor);
    const nodes = document.nodes.filter((node) => !hidden.has(node.id));
    const edges = document.edges.filter((edge) => this.cardOf(edge.from) !== this.cardOf(edge.to));
    const wanted = new Set<string>();
    for (const { id } of nodes) {
      wanted.add(`node:${id}`);
      this.rects.set(id, this.editor.rectOf(id));
    }
    for (const [id, fold] of this.folds) {
      wanted.add(`node:${id}`);
      this.rects.set(id, fold.rect);
    }
    for (const edge of edges) wanted.add(`edge:${edge.id}`);
    this.graph.startBatch("follow");
    this.remove("edge:", wanted);
    for (const { id } of nodes) this.followCard(id, contentOf(this.editor, id));
    for (const [id, fold] of this.folds) this.followCard(id, groupCard(this.editor, fold));
    for (const edge of edges) this.followEdge(edge, edge.id === selectedEdge);
    this.addFresh();
    // X6 takes the edges of a card with it; those that stay lead elsewhere by now.
    this.remove("node:", wanted);
    this.graph.stopBatch("follow");
    this.backdrop.follow();
  }

  /** X6 sorts all cells after each addition, so that what is drawn first comes in one go. */
  private addFresh(): void {
    const fresh = this.fresh.splice(0);
    if (this.graph.getCellCount() === 0) this.graph.resetCells(fresh);
    else this.graph.addCell(fresh);
  }

  private remove(what: "node:" | "edge:", wanted: ReadonlySet<string>): void {
    for (const key of [...this.shown.keys()].filter(
      (known) => known.startsWith(what) && !wanted.has(known),
    )) {
      this.graph.removeCell(key);
      this.shown.delete(key);
      if (what === "node:") this.rects.delete(key.slice(what.length));
    }
  }

  /** The card that stands for a step: its own, or that of its collapsed group. */
  private cardOf(node: string): string {
    const group = foldedIn(this.editor.document).get(node);
    return group === undefined ? node : `group:${group.id}`;
  }

  /** The ways out of a card, in their order: its ports, or all that leaves a collapsed group. */
  private exitsOf(card: string): readonly string[] {
    return this.folds.get(card)?.outgoing.map((edge) => edge.id) ?? this.editor.portIds(card);
  }

  /** Between which cards an edge runs, and by which of the ways out. */
  private endsOf(edge: FlowEdge): Ends {
    const from = this.cardOf(edge.from);
    const exits = this.exitsOf(from);
    const exit = exits.indexOf(this.folds.has(from) ? edge.id : edge.port);
    return { from, to: this.cardOf(edge.to), exit: Math.max(exit, 0), exits };
  }

  private followCard(id: string, plain: CardContent): void {
    const content = { ...plain, found: this.found.has(id) };
    const { x, y } = this.rects.get(id) as Rect;
    const place = { x, y };
    const key = `node:${id}`;
    const { width, height } = cardSize(content);
    const box = { width: width + 2 * MARGIN, height: height + 2 * MARGIN };
    const told = JSON.stringify(content);
    const known = this.graph.getCellById(key) as Node | null;
    if (known === null) {
      const spot = { x: place.x - MARGIN, y: place.y - MARGIN };
      const card = { id: key, shape: CARD_SHAPE, zIndex: 2, ...spot, ...box, data: { content } };
      this.fresh.push(this.graph.createNode(card));
    } else {
      known.position(place.x - MARGIN, place.y - MARGIN);
      if (known.getSize().height !== box.height) known.resize(box.width, box.height);
      if (this.shown.get(key) !== told) known.setData({ content }, { overwrite: true });
    }
    this.shown.set(key, told);
  }

  private followEdge(edge: FlowEdge, selected: boolean): void {
    const key = `edge:${edge.id}`;
    const port = this.editor.ports(edge.from).find((one) => one.id === edge.port);
    const failure = port?.failure ?? false;
    const ends = this.endsOf(edge);
    const told = JSON.stringify([edge, ends.from, ends.to, ends.exit, ends.exits.length, failure, selected]);
    if (this.shown.get(key) === told) return;
    const exit = exitOf({ x: MARGIN, y: MARGIN }, ends.exit, ends.exits.length);
    const source = anchored(ends.from, exit);
    const target = anchored(ends.to, entryOf({ x: MARGIN, y: MARGIN }));
    const attrs = wayAttrs(failure, selected);
    const known = this.graph.getCellById(key) as Edge | null;
    if (known === null) {
      const data = { edge };
      const router = { name: "around-cards" };
      const way = { id: key, shape: WAY_SHAPE, zIndex: 1, source, target, attrs, data, router };
      this.fresh.push(this.graph.createEdge(way));
    } else {
      known.setData({ edge }, { overwrite: true });
      known.setSource(source);
      known.setTarget(target);
      known.setAttrs(attrs);
      known.setZIndex(selected ? 3 : 1);
    }
    this.shown.set(key, told);
  }

  /** Let go of the preview: the drawing is as the document says again. */
  release(): void {
    this.held = false;
    this.follow();
    this.reroute();
  }

  /** Show nodes elsewhere for the time of a drag; the document does not change, and is not followed until `release`. */
  preview(places: Places): void {
    this.held = true;
    for (const [id, place] of Object.entries(this.cardPlaces(places))) {
      const rect = this.rects.get(id);
      if (rect !== undefined) this.rects.set(id, { ...rect, x: place.x, y: place.y });
      (this.graph.getCellById(`node:${id}`) as Node | null)?.position(place.x - MARGIN, place.y - MARGIN);
    }
    this.backdrop.layFrames();
  }

  /** Places of cards, told by those of steps: a collapsed group goes where its steps go. */
  private cardPlaces(places: Places): Places {
    return Object.fromEntries(
      Object.entries(places).map(([id, place]) => {
        const card = this.cardOf(id);
        const fold = this.folds.get(card);
        if (fold === undefined) return [id, place];
        const before = this.editor.placeOf(id);
        return [card, { x: fold.rect.x + place.x - before.x, y: fold.rect.y + place.y - before.y }];
      }),
    );
  }

  /** Draw all edges anew: after cards that they go around have moved. */
  reroute(): void {
    for (const edge of this.graph.getEdges()) {
      const view = this.graph.findViewByCell(edge);
      if (view !== null && this.graph.renderer.isViewMounted(view))
        (view as { update?: () => void }).update?.();
    }
  }

  // --- edges ------------------------------------------------------------------------------------------------------

  private cornersOf(cell: Edge): Place[] {
    const edge = (cell.getData() as { edge?: FlowEdge } | undefined)?.edge;
    return edge === undefined ? [] : this.wayOf(edge).slice(1, -1);
  }

  /** All points of an edge, from port to card. */
  wayOf(edge: FlowEdge): Place[] {
    const ends = this.endsOf(edge);
    const from = this.rects.get(ends.from);
    const to = this.rects.get(ends.to);
    if (from === undefined || to === undefined) return [];
    const exit = exitOf(from, ends.exit, ends.exits.length);
    const entry = entryOf(to);
    const cards = [...this.rects.values()];
    return [exit, ...route(exit, entry, cards, this.laneOf(ends)), entry];
  }

  /**
   * Which lane beside its card an edge turns in. Those that go up come first, the lowest outermost; then those that go
   * down, the highest outermost: so they do not cross, and no two share a lane.
   */
  private laneOf(ends: Ends): number {
    const { exits } = ends;
    const from = this.rects.get(ends.from);
    if (from === undefined || exits.length < 2) return 0;
    const up: string[] = [];
    const down: string[] = [];
    for (const [index, exit] of exits.entries()) {
      const to = this.goalOf(ends.from, exit);
      if (to === undefined) continue;
      const rise = exitOf(from, index, exits.length).y - entryOf(to).y;
      if (rise > 1) up.push(exit);
      else if (rise < -1) down.unshift(exit);
    }
    return Math.min(Math.max([...up, ...down].indexOf(exits[ends.exit] ?? ""), 0), 6);
  }

  /** Where a way out of a card leads. */
  private goalOf(card: string, exit: string): Rect | undefined {
    const { edges } = this.editor.document;
    const edge = this.folds.has(card)
      ? edges.find((one) => one.id === exit)
      : edges.find((one) => one.from === card && one.port === exit);
    return edge === undefined ? undefined : this.rects.get(this.cardOf(edge.to));
  }

  middleOf(edge: FlowEdge): Place {
    return middleOf(this.wayOf(edge));
  }

  /** The edge that lies nearest to a point, at most `reach` away. */
  edgeNear(point: Place, reach: number, except: ReadonlySet<string> = new Set()): FlowEdge | undefined {
    let nearest: FlowEdge | undefined;
    let distance = reach;
    for (const edge of this.editor.document.edges) {
      if (except.has(edge.from) || except.has(edge.to) || this.cardOf(edge.from) === this.cardOf(edge.to))
        continue;
      const far = distanceTo(this.wayOf(edge), point);
      if (far <= distance) {
        distance = far;
        nearest = edge;
      }
    }
    return nearest;
  }

  /** The node under a point, with some room around it. */
  nodeNear(point: Place, margin: number): string | undefined {
    for (const [id, rect] of this.rects) if (contains(rect, point, margin)) return id;
    return undefined;
  }

  /** The steps whose cards fulfil this; those of a collapsed group when its card does. */
  nodesWhere(test: (rect: Rect) => boolean): string[] {
    return [...this.rects]
      .filter(([, rect]) => test(rect))
      .flatMap(([id]) => this.folds.get(id)?.group.nodes ?? [id]);
  }

  nodesIn(area: Rect): string[] {
    return this.nodesWhere((rect) => overlaps(rect, area));
  }

  /** Where a step is drawn: its own card, or that of its collapsed group. */
  rectOf(id: string): Rect | undefined {
    return this.rects.get(this.cardOf(id));
  }

  /** Every card that is drawn, with the steps that it stands for. */
  cards(): readonly { readonly nodes: readonly string[]; readonly rect: Rect }[] {
    return [...this.rects].map(([id, rect]) => ({ nodes: this.folds.get(id)?.group.nodes ?? [id], rect }));
  }

  /** Mark the cards of steps that were found. */
  markFound(nodes: ReadonlySet<string>): void {
    this.found = new Set([...nodes].map((id) => this.cardOf(id)));
    this.follow();
  }

  /** Mark one edge (where a step would be inserted), or none. */
  markEdge(edge: FlowEdge | undefined): void {
    for (const cell of this.graph.getEdges()) {
      const on = edge !== undefined && cell.id === `edge:${edge.id}`;
      const view = this.graph.findViewByCell(cell);
      view?.container.classList.toggle("is-target", on);
    }
  }

  /** Mark the card that a connection would lead to, or none. */
  markNode(id: string | undefined): void {
    for (const card of this.container.querySelectorAll<HTMLElement>(".card")) {
      card.classList.toggle("is-target", id !== undefined && card.dataset.node === id);
    }
  }

  // --- a way being drawn ------------------------------------------------------------------------------------------

  /** Show the way that is being drawn from a port to the pointer (or to the card that would take it). */
  showPending(from: string, port: string, to: Place, target: string | undefined): void {
    const rect = this.rects.get(from);
    if (rect === undefined) return;
    const ports = this.editor.portIds(from);
    const exit = exitOf(rect, Math.max(ports.indexOf(port), 0), ports.length);
    const goal = target === undefined ? undefined : this.rects.get(target);
    const end = goal === undefined ? to : entryOf(goal);
    const corners = route(exit, end, [...this.rects.values()]);
    const known = this.graph.getCellById("pending") as Edge | null;
    if (known === null) {
      this.graph.addEdge({
        id: "pending",
        shape: WAY_SHAPE,
        zIndex: 4,
        source: exit,
        target: end,
        vertices: corners,
        attrs: {
          line: { stroke: "var(--accent)", strokeDasharray: "5 4", targetMarker: arrow("var(--accent)") },
        },
      });
    } else {
      known.setVertices(corners);
      known.setTarget(end);
    }
  }

  hidePending(): void {
    this.graph.removeCell("pending");
  }

  // --- the view ---------------------------------------------------------------------------------------------------

  toLocal(client: Place): Place {
    const point = this.graph.clientToLocal(client.x, client.y);
    return { x: point.x, y: point.y };
  }

  /** A point of the drawing, in pixels from the top left corner of the container. */
  toContainer(local: Place): Place {
    const point = this.graph.localToGraph(local.x, local.y);
    return { x: point.x, y: point.y };
  }

  get zoom(): number {
    return this.graph.zoom();
  }

  zoomBy(factor: number, at?: Place): void {
    const zoom = Math.min(LARGEST, Math.max(SMALLEST, this.zoom * factor));
    const centre = at ?? this.centre();
    this.graph.zoomTo(zoom, { center: centre });
  }

  zoomTo(zoom: number): void {
    this.graph.zoomTo(zoom, { center: this.centre() });
  }

  /** What the wheel does, and two fingers on a pad: move the view, or with Ctrl zoom where the pointer is. */
  turn(event: WheelEvent): void {
    if ((event.target as Element).closest(".canvas-float") !== null) return;
    event.preventDefault();
    const step = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    if (event.ctrlKey || event.metaKey) {
      const factor = Math.exp((-event.deltaY * step) / 400);
      this.zoomBy(factor, this.toLocal({ x: event.clientX, y: event.clientY }));
    } else if (event.shiftKey && event.deltaX === 0) {
      this.pan(-event.deltaY * step, 0);
    } else {
      this.pan(-event.deltaX * step, -event.deltaY * step);
    }
  }

  pan(dx: number, dy: number): void {
    this.graph.translateBy(dx, dy);
  }

  centre(): Place {
    const { width: wide, height: high } = this.room;
    const point = this.graph.graphToLocal(wide / 2, high / 2);
    return { x: point.x, y: point.y };
  }

  /** Show the whole flow, never larger than life. */
  fit(): void {
    const bounds = this.bounds();
    const { width: wide, height: high } = this.room;
    if (bounds.width === 0 || wide === 0) return;
    const room = 56;
    const zoom = Math.min(1, (wide - 2 * room) / bounds.width, (high - 2 * room) / bounds.height);
    const scale = Math.max(SMALLEST, zoom);
    this.graph.zoomTo(scale);
    this.graph.translate(
      (wide - bounds.width * scale) / 2 - bounds.x * scale,
      (high - bounds.height * scale) / 2 - bounds.y * scale,
    );
  }

  /** The first view: all of a small flow; of a large one its start, large enough to be read. */
  begin(): void {
    this.fit();
    if (this.zoom >= READABLE) return;
    const start = this.editor.document.nodes.find((node) => !this.editor.takesEdges(node.id));
    const rect = start === undefined ? this.bounds() : (this.rects.get(start.id) ?? this.bounds());
    this.graph.zoomTo(READABLE);
    const middle = this.room.height / 2 - (rect.y + rect.height / 2) * READABLE;
    this.graph.translate(56 - rect.x * READABLE, middle);
  }

  /** The part of the drawing that is in the window. */
  view(): Rect {
    const start = this.graph.graphToLocal(0, 0);
    const { width, height } = this.room;
    return { x: start.x, y: start.y, width: width / this.zoom, height: height / this.zoom };
  }

  /** Bring a point into the middle of the window. */
  showAt(local: Place): void {
    const { width, height } = this.room;
    this.graph.translate(width / 2 - local.x * this.zoom, height / 2 - local.y * this.zoom);
  }

  bounds(): Rect {
    return around([...this.rects.values(), ...this.editor.notes]);
  }

  /** Bring a node into view without moving more than is needed. */
  reveal(id: string): void {
    const rect = this.rectOf(id);
    if (rect !== undefined) this.revealRect(rect);
  }

  revealRect(rect: Rect): void {
    const corner = this.toContainer({ x: rect.x, y: rect.y });
    const { width: wide, height: high } = this.room;
    const zoom = this.zoom;
    const room = 32;
    const dx = shift(corner.x, rect.width * zoom, wide, room);
    const dy = shift(corner.y, rect.height * zoom, high, room);
    if (dx !== 0 || dy !== 0) this.pan(dx, dy);
  }

  /** The size of the window onto the drawing. X6 sizes the container itself, a moment later. */
  private get room(): { width: number; height: number } {
    const surface = this.container.parentElement ?? this.container;
    return { width: surface.clientWidth, height: surface.clientHeight };
  }

  private moved(): void {
    this.container.style.setProperty("--zoom", String(this.zoom));
    const origin = this.toContainer({ x: 0, y: 0 });
    this.container.style.setProperty("--shift-x", `${origin.x}px`);
    this.container.style.setProperty("--shift-y", `${origin.y}px`);
    this.onMoved();
  }
}

/** How far a piece of this length has to move to lie in view. */
function shift(start: number, length: number, view: number, room: number): number {
  if (start < room) return room - start;
  if (start + length > view - room) return Math.max(view - room - (start + length), room - start);
  return 0;
}

function anchored(node: string, at: Place) {
  return {
    cell: `node:${node}`,
    anchor: { name: "topLeft", args: { dx: at.x, dy: at.y } },
    connectionPoint: { name: "anchor" },
  };
}

function arrow(color: string) {
  return {
    tagName: "path",
    d: "M 1 0 L 7 -3 L 7 3 z",
    refX: 0,
    fill: color,
    stroke: color,
    "stroke-width": 1,
  };
}

function wayAttrs(failure: boolean, selected: boolean) {
  const color = selected ? "var(--accent)" : failure ? "var(--way-failure)" : "var(--way)";
  return {
    line: {
      stroke: color,
      strokeWidth: selected ? 2.25 : 1.5,
      strokeDasharray: failure ? "6 4" : "none",
      targetMarker: arrow(color),
    },
  };
}
