/** The hand's part of the canvas: commands and their keys, menus, clipboard, finding, naming, notes and groups. */

import { browserStore } from "../browser-store";
import type { FlowEdge, Place } from "../document";
import { button, h } from "../dom";
import type { Drawing } from "../drawing";
import type { Editor, Problem } from "../editor";
import { Gestures } from "../gestures";
import type { Thing } from "../hand/thing";
import { groupsOf, NOTE_SIZE } from "../layout";
import { addressOf, type Pinned, pinned } from "../nesting";
import type { NodeKind } from "../palette-types";
import { CARD_WIDTH, freeSpot, HEAD_HEIGHT } from "../shape";
import { catalogue } from "./catalogue";
import { Clipboard } from "./clipboard";
import { askForCommand } from "./commander";
import { Commands } from "./commands";
import { ContextMenu } from "./context-menu";
import { Finding } from "./finding";
import { showKeys } from "./key-sheet";
import { Keymap } from "./keymap";
import { Keys } from "./keys";
import { askForEdge, askToConnect } from "./joining";
import { Naming } from "./naming";
import type { Passage } from "./searchable";
import { SelectionTools } from "./selection-tools";
import { Shaping } from "./shaping";
import { firstStep, neighbour, reached, type Way } from "./walking";

/** What the page around the canvas does when it is asked. */
export interface Around {
  readonly isList: boolean;
  readonly mayPublish: boolean;
  offerNext(node: string, port: string, client: Place, at?: Place): void;
  offerOn(edge: string, client: Place): void;
  offerAt(client: Place, at: Place): void;
  add(kind: NodeKind): void;
  openSettings(): void;
  goTo(node: string, where: string): void;
  jump(problem: Problem): void;
  showFlow(): void;
  /** Put the cursor into a note of the list. */
  writeInList(note: string): void;
  searchSteps(): void;
  toggleProblems(): void;
  toggleList(): void;
  save(): void;
  publish(): void;
  /** A gesture is over: whatever had to wait for it may happen now. */
  settled(): void;
  /** Close what is open over the canvas; false when nothing was. */
  leave(): boolean;
  announce(text: string): void;
  toast(text: string): void;
}

export class Workbench {
  readonly commands: Commands;
  readonly shaping: Shaping;
  readonly clipboard: Clipboard;
  readonly gestures: Gestures;
  readonly finding: Finding;
  private readonly naming: Naming;
  readonly menu: ContextMenu;
  private readonly arming: HTMLElement;
  private problem = -1;
  /** Where a menu on blank canvas was opened: what it adds comes there. */
  private spot: Place | null = null;

  constructor(
    root: HTMLElement,
    readonly surface: HTMLElement,
    readonly editor: Editor,
    readonly drawing: Drawing,
    readonly page: Around,
  ) {
    const person = root.dataset.person ?? "";
    this.commands = new Commands(
      new Keymap(browserStore("localStorage"), `orderflow.keys.${person}`),
      editor.say,
      editor.readOnly,
    );
    this.shaping = new Shaping(editor);
    this.naming = new Naming(surface, editor, drawing, this.shaping);
    const focus = (): void => {
      if (!page.isList) surface.focus({ preventScroll: true });
    };
    this.menu = new ContextMenu(root, this.commands, focus);
    this.finding = new Finding(editor, drawing, (passage) => this.goToPassage(passage), focus);
    root.append(this.finding.element);
    const keys = new Keys(surface, editor, this.commands, () => this.leave());
    this.clipboard = new Clipboard(surface, editor, drawing, {
      isElsewhere: () => keys.isElsewhere,
      announce: (text) => page.announce(text),
      refuse: (text) => page.toast(text),
    });
    this.gestures = new Gestures(surface, drawing, editor, this.shaping, {
      offerNext: (node, port, client, at) => page.offerNext(node, port, client, at),
      offerAt: (client, at) => page.offerAt(client, at),
      openSettings: () => page.openSettings(),
      rename: (thing) => this.renameThing(thing),
      writeNote: (note) => drawing.backdrop.write(note),
      offerMenu: (client, thing) => this.offerMenu(client, thing),
      arm: (node, port) => this.arm(node, port),
      settled: () => this.settled(),
    });
    drawing.backdrop.onWrite = (note, text) => this.shaping.writeNote(note, text);
    drawing.backdrop.onWritten = focus;
    this.commands.add(...catalogue(this));
    this.arming = h("div", { class: "arming canvas-float", role: "status", hidden: true });
    surface.append(new SelectionTools(editor, this.commands).element, this.arming);
  }

  /** The view has moved. */
  moved(): void {
    this.naming.lay();
  }

  private leave(): boolean {
    if (this.gestures.cancel()) return true;
    if (this.gestures.isArmed) {
      this.disarm();
      return true;
    }
    if (this.gestures.isLasso) {
      this.gestures.setLasso(false);
      return true;
    }
    if (this.menu.isOpen) {
      this.menu.close();
      this.surface.focus();
      return true;
    }
    return this.page.leave() || this.finding.close();
  }

  private settled(): void {
    if (!this.gestures.isArmed) this.arming.hidden = true;
    this.page.settled();
  }

  // --- adding and joining -----------------------------------------------------------------------------------------

  addStep(): void {
    const at = this.spot ?? this.drawing.centre();
    this.page.offerAt(this.clientOf(at), { x: at.x - CARD_WIDTH / 2, y: at.y - HEAD_HEIGHT / 2 });
    this.spot = null;
  }

  /** Offer the next step after the selected one, at its first way out that leads nowhere. */
  addNext(): void {
    const node = this.editor.single;
    if (node === undefined) return;
    const port = this.freePort(node);
    const rect = this.drawing.rectOf(node);
    if (port === undefined || rect === undefined) return;
    this.drawing.reveal(node);
    this.page.offerNext(node, port, this.clientOf({ x: rect.x + rect.width, y: rect.y }));
  }

  private freePort(node: string): string | undefined {
    const taken = new Set(
      this.editor.document.edges.filter((edge) => edge.from === node).map((edge) => edge.port),
    );
    const ports = this.editor.ports(node);
    return (ports.find((port) => !taken.has(port.id) && !port.failure) ?? ports[0])?.id;
  }

  connect(): void {
    const node = this.editor.single;
    if (node !== undefined) askToConnect(this.editor, node);
  }

  insert(): void {
    const { editor } = this;
    const insert = (id: string): void => {
      const edge = editor.document.edges.find((one) => one.id === id);
      if (edge !== undefined) this.page.offerOn(id, this.clientOf(this.middleOf(edge)));
    };
    if (editor.selectedEdge !== null) insert(editor.selectedEdge);
    else if (editor.single !== undefined) askForEdge(editor, editor.single, insert);
  }

  private middleOf(edge: FlowEdge): Place {
    return this.drawing.middleOf(edge);
  }

  private clientOf(place: Place): Place {
    const { x, y } = this.drawing.graph.localToClient(place.x, place.y);
    return { x, y };
  }

  /** A way out was tapped: wait for the tap on where it leads, or for a new step. */
  private arm(node: string, port: string): void {
    const { editor, gestures } = this;
    const { say } = editor;
    gestures.arm({ node, port });
    const label = editor.ports(node).find((one) => one.id === port)?.label ?? port;
    const add = (): void => {
      this.disarm();
      const rect = this.drawing.rectOf(node);
      if (rect !== undefined)
        this.page.offerNext(node, port, this.clientOf({ x: rect.x + rect.width, y: rect.y }));
    };
    this.arming.replaceChildren(
      h("span", {}, say("tapTarget", { step: editor.nameOf(node), port: label })),
      button(say("addStep"), add, { icon: "plus", text: true, class: "button" }),
      button(say("cancel"), () => this.disarm(), { text: true, class: "button quiet" }),
    );
    this.arming.hidden = false;
  }

  private disarm(): void {
    this.gestures.arm(null);
    this.arming.hidden = true;
  }

  // --- naming and writing -----------------------------------------------------------------------------------------

  get canRename(): boolean {
    return this.editor.single !== undefined || this.shaping.wholeGroup !== undefined;
  }

  rename(): void {
    const { single } = this.editor;
    const group = this.shaping.wholeGroup;
    if (group !== undefined && (single === undefined || group.collapsed)) this.naming.renameGroup(group.id);
    else if (single !== undefined && !this.page.isList) this.naming.renameStep(single);
  }

  private renameThing(thing: Thing): void {
    if (thing.kind === "group") this.naming.renameGroup(thing.id);
    else if (thing.kind === "node") this.naming.renameStep(thing.id);
  }

  addNote(): void {
    const centre = this.spot ?? this.drawing.centre();
    const free = this.spot !== null || this.editor.selected.size === 0;
    const rect = free ? undefined : this.drawing.rectOf([...this.editor.selected][0] ?? "");
    const wanted =
      rect === undefined
        ? { x: centre.x - NOTE_SIZE.width / 2, y: centre.y - NOTE_SIZE.height / 2 }
        : { x: rect.x, y: rect.y - NOTE_SIZE.height - 24 };
    const taken = [...this.drawing.cards().map((card) => card.rect), ...this.editor.notes];
    const at = this.spot ?? freeSpot(wanted, NOTE_SIZE.height, taken);
    this.spot = null;
    const note = this.shaping.addNote(at);
    this.drawing.revealRect({ ...at, ...NOTE_SIZE });
    this.write(note);
  }

  private write(note: string): void {
    if (this.page.isList) this.page.writeInList(note);
    else this.drawing.backdrop.write(note);
  }

  writeNote(): void {
    const [note] = this.editor.selectedNotes;
    if (note !== undefined) this.write(note);
  }

  openSettings(): void {
    if (this.editor.selectedNotes.size === 1) this.writeNote();
    else this.page.openSettings();
  }

  /** What the selected step stands for, if it is a sub-flow. */
  get subFlow(): Pinned | null {
    const node = this.editor.single === undefined ? undefined : this.editor.node(this.editor.single);
    return node === undefined ? null : pinned(node.type, node.settings);
  }

  openSubFlow(): void {
    const { editor, subFlow } = this;
    if (subFlow !== null)
      window.location.assign(addressOf(subFlow, String(editor.document.key), editor.single));
  }

  // --- going about ------------------------------------------------------------------------------------------------

  walk(way: Way, keep: boolean): void {
    const { editor } = this;
    const from = editor.single ?? [...editor.selected].at(-1);
    const to = from === undefined ? firstStep(editor) : neighbour(editor, from, way);
    if (to === undefined) return;
    // What was selected last stands last: the walk goes on from there.
    const before = keep ? [...editor.selected].filter((id) => id !== to) : [];
    editor.select([...before, to], keep ? editor.selectedNotes : []);
    this.drawing.reveal(to);
    this.page.announce(
      editor.say("saidSelected", { step: editor.nameOf(to), summary: editor.summaryOf(to) }),
    );
  }

  selectReached(onwards: boolean): void {
    const { editor } = this;
    const from = [...editor.selected].at(-1);
    if (from === undefined) return;
    const found = reached(editor, from, onwards);
    editor.select(found);
    this.page.announce(editor.say("selectedCount", { count: found.size }));
  }

  revealSelected(): void {
    const [first] = this.editor.selected;
    if (first !== undefined) this.drawing.reveal(first);
  }

  toggleLasso(): void {
    this.gestures.setLasso(!this.gestures.isLasso);
    if (this.gestures.isLasso) this.page.announce(this.editor.say("lassoHint"));
  }

  nextProblem(): void {
    const { problems } = this.editor;
    this.problem = (this.problem + 1) % Math.max(problems.length, 1);
    const problem = problems[this.problem];
    if (problem !== undefined) this.page.jump(problem);
  }

  goToNote(id: string): void {
    const note = this.editor.notes.find((one) => one.id === id);
    if (note === undefined) return;
    this.editor.select([], [id]);
    if (this.page.isList) {
      this.page.writeInList(id);
      return;
    }
    this.drawing.revealRect(note);
    this.page.announce(this.editor.say("noteLabel", { text: note.text }));
  }

  private goToPassage({ home, where }: Passage): void {
    const { editor } = this;
    switch (home.kind) {
      case "node":
        this.page.goTo(home.id, where);
        break;
      case "note":
        this.goToNote(home.id);
        break;
      case "group":
        editor.select(groupsOf(editor.document).find((group) => group.id === home.id)?.nodes ?? []);
        this.revealSelected();
        break;
      case "flow":
        this.page.showFlow();
    }
  }

  // --- menus and windows ------------------------------------------------------------------------------------------

  askForCommand(): void {
    askForCommand(this.editor, this.commands, {
      goTo: (node) => {
        this.page.goTo(node, "");
        this.focus();
      },
      goToNote: (note) => {
        this.goToNote(note);
        this.focus();
      },
      add: (kind) => this.page.add(kind),
    });
  }

  find(): void {
    this.finding.open();
  }

  showKeys(): void {
    showKeys(this.commands);
  }

  /** The menu of what is selected, for those who use keys. */
  openMenu(): void {
    const { editor, drawing } = this;
    const edge = editor.document.edges.find((one) => one.id === editor.selectedEdge);
    const [node] = editor.selected;
    const note = editor.notes.find((one) => editor.selectedNotes.has(one.id));
    if (edge !== undefined) this.menu.open(this.clientOf(this.middleOf(edge)), "edge");
    else if (node !== undefined) {
      const rect = drawing.rectOf(node) ?? drawing.bounds();
      const kind = this.shaping.wholeGroup === undefined ? "node" : "group";
      this.menu.open(this.clientOf({ x: rect.x + 24, y: rect.y + rect.height / 2 }), kind);
    } else if (note !== undefined) this.menu.open(this.clientOf({ x: note.x + 24, y: note.y + 24 }), "note");
    else this.menu.open(this.clientOf(drawing.centre()), "blank");
  }

  /** The ways to tidy, below a button. */
  offerTidying(client: Place): void {
    this.menu.show(client, ["tidy", "tidy-down", null, "tidy-selected", "tidy-selected-down", "pin"]);
  }

  private offerMenu(client: Place, thing: Thing): void {
    const { editor } = this;
    switch (thing.kind) {
      case "node":
        if (!editor.selected.has(thing.id)) editor.select([thing.id]);
        break;
      case "note":
        if (!editor.selectedNotes.has(thing.id)) editor.select([], [thing.id]);
        break;
      case "group":
        editor.select(groupsOf(editor.document).find((group) => group.id === thing.id)?.nodes ?? []);
        break;
      case "edge":
        editor.selectEdge(thing.id);
        break;
      case "blank":
        this.spot = thing.at;
    }
    this.menu.open(client, thing.kind);
  }

  private focus(): void {
    if (!this.page.isList) this.surface.focus({ preventScroll: true });
  }
}
