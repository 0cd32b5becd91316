/** What is open on the canvas: the document, what is selected and what is wrong. Everything that is drawn follows from it. */

import type { FlowDocument, FlowNode, Place, Places, Settings } from "./document";
import * as doc from "./document";
import { cornerOf, type Excerpt, excerptOf, paste } from "./excerpt";
import { History } from "./history";
import { groupOf, joinGroup, moveNotes, type Note, notesOf, removeNotes } from "./layout";
import type { Kind } from "./log";
import type { Named, NodeKind, Palette, Schema } from "./palette-types";
import { mainPort, type NodePort, portsOf } from "./ports";
import { type Remedy, remedyFor } from "./remedies";
import { Sentences } from "./sentence";
import { CARD_WIDTH, cardHeight, cardRect, exitOf, freeSpot, GRID, HEAD_HEIGHT, type Rect } from "./shape";
import { missingPlaces, notesAlong, tidy, type TidyOptions } from "./tidy";
import type { Say } from "./words";

export interface Problem {
  readonly level: "error" | "warning";
  readonly code: string;
  readonly text: string;
  readonly remedy: string;
  readonly node: string | null;
  /** The path in the node's settings, like `rules.2.when`; empty when it is about the node or flow as a whole. */
  readonly where: string;
  /** What the problem names: a way out, a field, a team, a limit. */
  readonly about?: { readonly [name: string]: string };
}

/** A change that was just made: how it came about, what it is called, and the row of changes it belongs to. */
export interface Edit {
  readonly kind: Kind;
  readonly label: string;
  readonly series?: string;
  readonly by?: string;
  readonly onto?: number;
}

export type Mark = "added" | "removed" | "changed";

export type Topic = "document" | "selection" | "problems";

/** Where a new node is to be put: after a port, on an edge, at a spot, or wherever there is room. */
export type Spot =
  | { readonly after: { readonly node: string; readonly port: string }; readonly at?: Place }
  | { readonly on: string; readonly at?: Place }
  | { readonly at: Place }
  | { readonly near: Place };

const NEXT_COLUMN = CARD_WIDTH + 96;

export class Editor {
  readonly sentences: Sentences;
  readonly kinds: ReadonlyMap<string, NodeKind>;
  selected: ReadonlySet<string> = new Set();
  selectedNotes: ReadonlySet<string> = new Set();
  selectedEdge: string | null = null;
  problems: readonly Problem[] = [];
  /** Marks of cards in a view that compares two documents. */
  marks: ReadonlyMap<string, Mark> = new Map();
  /** Hears of every change that is made here: it goes into the log. */
  onEdit: (edit: Edit) => void = () => {};
  private history: History<FlowDocument>;
  private readonly listeners = new Map<Topic, Set<() => void>>();

  constructor(
    document: FlowDocument,
    readonly palette: Palette,
    readonly language: string,
    readonly say: Say,
    readonly readOnly = false,
  ) {
    this.kinds = new Map(palette.kinds.map((kind) => [kind.kind, kind]));
    this.sentences = new Sentences(palette, say, language, () => this.teams());
    this.history = new History(this.placed(document));
  }

  get document(): FlowDocument {
    return this.history.present;
  }

  on(topic: Topic, listener: () => void): void {
    const listeners = this.listeners.get(topic) ?? new Set();
    listeners.add(listener);
    this.listeners.set(topic, listeners);
  }

  // --- reading ----------------------------------------------------------------------------------------------------

  node(id: string): FlowNode | undefined {
    return doc.nodeOf(this.document, id);
  }

  kindOf(id: string): NodeKind | undefined {
    const node = this.node(id);
    return node === undefined ? undefined : this.kinds.get(node.type);
  }

  ports(id: string): readonly NodePort[] {
    const node = this.node(id);
    return node === undefined ? [] : portsOf(this.kinds.get(node.type), node.settings, this.language);
  }

  /** What a node is called: by its designer, else by its type. */
  nameOf(id: string): string {
    const node = this.node(id);
    if (node === undefined) return id;
    return doc.said(node.name, this.language) || (this.kinds.get(node.type)?.label ?? node.type);
  }

  /** Several nodes by their names; of many the number. */
  private namesOf(ids: ReadonlySet<string>): string {
    if (ids.size > 3) return this.say("stepCount", { count: ids.size });
    return [...ids].map((id) => this.nameOf(id)).join(this.say("listJoin"));
  }

  summaryOf(id: string): string {
    const node = this.node(id);
    return node === undefined ? "" : this.sentences.summary(this.kinds.get(node.type), node.settings);
  }

  placeOf(id: string): Place {
    return doc.placesOf(this.document)[id] ?? doc.ORIGIN;
  }

  rectOf(id: string): Rect {
    return cardRect(this.placeOf(id), this.ports(id).length);
  }

  problemsOf(id: string): readonly Problem[] {
    return this.problems.filter((problem) => problem.node === id);
  }

  get errors(): number {
    return this.problems.filter((problem) => problem.level === "error").length;
  }

  /** The shop's teams, and those that only this flow names so far: they are made when it is published. */
  teams(): readonly Named[] {
    const own = doc
      .teamsIn(this.document)
      .map((team) => ({ key: String(team.key), label: doc.said(team.name as doc.Words, this.language) }))
      .filter((team) => !this.palette.teams.some((known) => known.key === team.key));
    return [...this.palette.teams, ...own];
  }

  get notes(): readonly Note[] {
    return notesOf(this.document);
  }

  /** Whether a node takes edges in: the start does not. */
  takesEdges(id: string): boolean {
    return this.node(id) !== undefined && (this.kindOf(id)?.incoming ?? true);
  }

  /** Whether another node of this kind may be added: there is one start. */
  mayAdd(kind: NodeKind): boolean {
    return kind.incoming || !this.document.nodes.some((node) => node.type === kind.kind);
  }

  get undoLabel(): string | undefined {
    return this.history.undoLabel;
  }

  get redoLabel(): string | undefined {
    return this.history.redoLabel;
  }

  // --- changing ---------------------------------------------------------------------------------------------------

  /** The one way to change the document. Changes in a row with the same `key` are undone together. */
  change(document: FlowDocument, label: string, key?: string): void {
    this.apply(document, { kind: "do", label, ...(key !== undefined && { series: key }) });
  }

  /** The same, with whose work it is and what the draft stands on with it. */
  apply(document: FlowDocument, edit: Edit): void {
    if (this.readOnly || (document === this.document && edit.onto === undefined)) return;
    this.history.record(document, edit.label, edit.series);
    this.onEdit(edit);
    this.settle();
  }

  /** The flow's one failure policy, if it has one. */
  get policy(): Settings | undefined {
    return doc.policyOf(this.document);
  }

  undo(): void {
    this.travel("undo", this.history.undo());
  }

  redo(): void {
    this.travel("redo", this.history.redo());
  }

  /** Show what the log tells, which has gone on elsewhere. */
  follow(history: History<FlowDocument>): void {
    this.history = history;
    this.settle();
  }

  /** The one press that mends a problem, if there is one. */
  remedyFor(problem: Problem): Remedy | undefined {
    return this.readOnly ? undefined : remedyFor(problem, this);
  }

  /** Mend a problem. It is told no more; what the server finds next has the last word. */
  mend(problem: Problem, remedy: Remedy): void {
    this.change(remedy.mend(this.document), remedy.label);
    const isMended = (one: Problem): boolean =>
      one.code === problem.code && one.node === problem.node && one.text === problem.text;
    this.setProblems(this.problems.filter((one) => !isMended(one)));
  }

  setProblems(problems: readonly Problem[]): void {
    this.problems = problems;
    this.tell("problems");
  }

  /** Add a node and select it; undefined when the flow may not have another of its kind. */
  add(kind: NodeKind, spot: Spot): string | undefined {
    if (!this.mayAdd(kind)) return undefined;
    const id = doc.freeNodeId(this.document);
    const settings = freshSettings(kind.schema, this.say);
    const ports = portsOf(kind, settings, this.language);
    const place = this.placeFor(spot, cardHeight(ports.length));
    const node: FlowNode = { id, type: kind.kind, settings };
    let next = doc.addNode(this.document, node, place);
    if ("after" in spot && kind.incoming) next = doc.connect(next, spot.after.node, spot.after.port, id);
    const edge = "on" in spot ? next.edges.find((one) => one.id === spot.on) : undefined;
    if (edge !== undefined && kind.incoming) {
      const group = groupOf(next, edge.from);
      next = doc.insertOnEdge(next, edge, id, mainPort(ports));
      next = this.withRoomAfter(next, id, place);
      // What comes in between two steps of a group belongs to it.
      if (group?.nodes.includes(edge.to) === true) next = joinGroup(next, group.id, [id]);
    }
    this.choose([id]);
    this.change(next, this.say(edge === undefined ? "didAdd" : "didInsert", { step: kind.label }));
    this.tell("selection");
    return id;
  }

  connect(from: string, port: string, to: string): void {
    if (from === to || !this.takesEdges(to)) return;
    this.change(
      doc.connect(this.document, from, port, to),
      this.say("didConnect", { step: this.nameOf(from) }),
    );
  }

  /** Put a node that stands alone between the two ends of an edge. */
  insert(id: string, edge: string, places: Places): void {
    const present = this.document.edges.find((one) => one.id === edge);
    const kind = this.kindOf(id);
    if (present === undefined || kind === undefined) return;
    const moved = doc.placeNodes(this.document, places);
    const next = doc.insertOnEdge(moved, present, id, mainPort(this.ports(id)));
    this.change(next, this.say("didInsert", { step: this.nameOf(id) }));
  }

  move(places: Places, key?: string): void {
    this.change(doc.placeNodes(this.document, places), this.say("didMove"), key);
  }

  /** Remove what is selected; `reconnect` leads what came in on to what came after. */
  remove(reconnect = false): number {
    const { selected, selectedEdge, selectedNotes } = this;
    if (selectedEdge !== null) {
      this.change(
        doc.removeParts(this.document, new Set(), new Set([selectedEdge])),
        this.say("didDelete", { step: this.say("way") }),
      );
      return 1;
    }
    const count = selected.size + selectedNotes.size;
    if (count === 0) return 0;
    const next = reconnect
      ? doc.removeAndReconnect(this.document, selected)
      : doc.removeParts(this.document, selected);
    const label = this.say("didDelete", {
      step: selected.size > 0 ? this.namesOf(selected) : this.say("note"),
    });
    this.change(removeNotes(next, selectedNotes), label);
    return count;
  }

  removeEdge(id: string): void {
    this.change(
      doc.removeParts(this.document, new Set(), new Set([id])),
      this.say("didDelete", { step: this.say("way") }),
    );
  }

  setSettings(id: string, settings: Settings, key?: string): void {
    const kind = this.kindOf(id);
    const ports = new Set(portsOf(kind, settings, this.language).map((port) => port.id));
    const label = this.say("didChange", { step: this.nameOf(id) });
    this.change(doc.setSettings(this.document, id, settings, ports), label, key);
  }

  rename(id: string, name: string, key?: string): void {
    const label = this.say("didRename", { step: this.nameOf(id) });
    this.change(doc.renameNode(this.document, id, name, this.language), label, key);
  }

  /** Paste with the top left corner at `corner`. A second start is left out (`left`). Tells how many came in. */
  paste(
    excerpt: Excerpt,
    corner: Place,
    label = this.say("didPaste"),
  ): { readonly nodes: number; readonly notes: number; readonly left: number } {
    const welcome = excerpt.nodes.filter((node) => {
      const kind = this.kinds.get(node.type);
      return kind === undefined || this.mayAdd(kind);
    });
    const left = excerpt.nodes.length - welcome.length;
    const pasted = paste(this.document, { ...excerpt, nodes: welcome }, corner);
    if (pasted.nodes.length + pasted.notes.length === 0) return { nodes: 0, notes: 0, left };
    this.choose(pasted.nodes, pasted.notes);
    this.change(pasted.document, label);
    this.tell("selection");
    return { nodes: pasted.nodes.length, notes: pasted.notes.length, left };
  }

  duplicate(): number {
    const excerpt = excerptOf(this.document, this.selected, this.selectedNotes);
    const corner = cornerOf(excerpt);
    const beside = { x: corner.x + GRID * 4, y: corner.y + GRID * 6 };
    const { nodes, notes } = this.paste(excerpt, beside, this.say("didDuplicate"));
    return nodes + notes;
  }

  tidy(options: TidyOptions = {}): void {
    const places = tidy(this.document, this.portIds, options);
    const notes = notesAlong(this.document, places, this.portIds);
    this.change(moveNotes(doc.placeNodes(this.document, places), notes), this.say("didTidy"));
  }

  // --- selecting --------------------------------------------------------------------------------------------------

  select(nodes: Iterable<string>, notes: Iterable<string> = []): void {
    this.choose(nodes, notes);
    this.tell("selection");
  }

  selectEdge(id: string | null): void {
    this.choose([]);
    this.selectedEdge = id;
    this.tell("selection");
  }

  toggle(id: string): void {
    const next = new Set(this.selected);
    if (!next.delete(id)) next.add(id);
    this.select(next, this.selectedNotes);
  }

  /** The one selected node, if it is one. */
  get single(): string | undefined {
    return this.selected.size === 1 && this.selectedNotes.size === 0 ? [...this.selected][0] : undefined;
  }

  readonly portIds = (id: string): readonly string[] => this.ports(id).map((port) => port.id);

  private choose(nodes: Iterable<string>, notes: Iterable<string> = []): void {
    this.selected = new Set(nodes);
    this.selectedNotes = new Set(notes);
    this.selectedEdge = null;
  }

  // --- inside -----------------------------------------------------------------------------------------------------

  private travel(kind: "undo" | "redo", label: string | undefined): void {
    if (label === undefined) return;
    this.onEdit({ kind, label });
    this.settle();
  }

  readonly placed = (document: FlowDocument): FlowDocument => {
    const portIds = (id: string): readonly string[] => {
      const node = doc.nodeOf(document, id);
      if (node === undefined) return [];
      return portsOf(this.kinds.get(node.type), node.settings, this.language).map((port) => port.id);
    };
    const places = missingPlaces(document, portIds);
    return Object.keys(places).length === 0 ? document : doc.placeNodes(document, places);
  };

  private placeFor(spot: Spot, height: number): Place {
    const taken = this.document.nodes.map((node) => this.rectOf(node.id));
    if ("near" in spot) return freeSpot(spot.near, height, taken);
    if (spot.at !== undefined) return { x: Math.round(spot.at.x), y: Math.round(spot.at.y) };
    if ("after" in spot) {
      const ports = this.portIds(spot.after.node);
      const from = this.placeOf(spot.after.node);
      const exit = exitOf(from, ports.indexOf(spot.after.port), ports.length);
      const aligned = ports.length > 1 ? exit.y - HEAD_HEIGHT / 2 : from.y;
      return freeSpot({ x: from.x + NEXT_COLUMN, y: aligned }, height, taken);
    }
    const edge = this.document.edges.find((one) => one.id === ("on" in spot ? spot.on : ""));
    return edge === undefined ? doc.ORIGIN : this.placeOf(edge.to);
  }

  /** Move what lies to the right of a newly inserted node on, so that it does not lie under it. */
  private withRoomAfter(document: FlowDocument, id: string, place: Place): FlowDocument {
    const places = doc.placesOf(document);
    const covered = document.nodes.some((node) => {
      const other = places[node.id] ?? doc.ORIGIN;
      const near = Math.abs(other.y - place.y) < cardHeight(4);
      return node.id !== id && near && other.x >= place.x - GRID && other.x < place.x + CARD_WIDTH + GRID * 6;
    });
    if (!covered) return document;
    const shifted = document.nodes
      .filter((node) => node.id !== id && (places[node.id] ?? doc.ORIGIN).x >= place.x - GRID)
      .map((node) => {
        const other = places[node.id] ?? doc.ORIGIN;
        return [node.id, { x: other.x + NEXT_COLUMN, y: other.y }] as const;
      });
    return doc.placeNodes(document, Object.fromEntries(shifted));
  }

  private settle(): void {
    const present = new Set(this.document.nodes.map((node) => node.id));
    const kept = [...this.selected].filter((id) => present.has(id));
    const edgeGone =
      this.selectedEdge !== null && !this.document.edges.some((edge) => edge.id === this.selectedEdge);
    const written = new Set(this.notes.map((note) => note.id));
    const keptNotes = [...this.selectedNotes].filter((id) => written.has(id));
    const changed =
      kept.length !== this.selected.size || keptNotes.length !== this.selectedNotes.size || edgeGone;
    if (changed) {
      this.selected = new Set(kept);
      this.selectedNotes = new Set(keptNotes);
      if (edgeGone) this.selectedEdge = null;
    }
    this.tell("document");
    if (changed) this.tell("selection");
  }

  private tell(topic: Topic): void {
    for (const listener of this.listeners.get(topic) ?? []) listener();
  }
}

/** The settings of a node that has just been added: every default, and the least number of items in every list. */
export function freshSettings(schema: Schema, say: Say): Settings {
  const settings: Record<string, doc.Json> = {};
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property["x-later"] === true) continue;
    const value = freshValue(property, say);
    if (value !== undefined) settings[key] = value;
  }
  return settings;
}

function freshValue(schema: Schema, say: Say): doc.Json | undefined {
  if (schema.default !== undefined) return schema.default;
  const items = schema.items;
  if (schema.minItems !== undefined && items?.properties !== undefined) {
    const list: doc.Json[] = [];
    while (list.length < schema.minItems) list.push(freshItem(items, list, say));
    return list;
  }
  return undefined;
}

/** A new item of a list of settings, with an id and a name of its own if such items have them. */
export function freshItem(schema: Schema, others: readonly doc.Json[], say: Say): doc.Json {
  const item: Record<string, doc.Json> = { ...freshSettings(schema, say) };
  if (schema.properties?.id?.["x-widget"] === "id") {
    const taken = others.map((other) => String((other as Settings).id ?? ""));
    item.id = doc.freeId("r", taken);
    if (schema.properties.name !== undefined) item.name = say("newWay", { number: others.length + 1 });
  }
  if (schema.properties?.when?.format === "condition") item.when = { all: [] };
  return item;
}
