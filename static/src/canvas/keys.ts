/** The keys of the canvas. Every one of them has a visible button or menu too. */

import { excerptOf, type Place, readExcerpt } from "./document";
import type { Drawing } from "./drawing";
import type { Editor } from "./editor";
import { isTyping } from "./gestures";
import { GRID } from "./shape";

export interface KeyActions {
  addNext(): void;
  rename(): void;
  openSettings(): void;
  showKeys(): void;
  showProblems(): void;
  searchSteps(): void;
  save(): void;
  /** Break off a gesture or close a menu; false when there was nothing of the kind. */
  escape(): boolean;
  announce(text: string): void;
}

export class Keys {
  private copied = "";
  private pastes = 0;

  constructor(
    private readonly surface: HTMLElement,
    private readonly editor: Editor,
    private readonly drawing: Drawing,
    private readonly actions: KeyActions,
  ) {
    document.addEventListener("keydown", (event) => this.pressed(event));
    // The ring around the whole canvas is for those who came by keys.
    document.addEventListener("keydown", () => surface.classList.add("by-key"), true);
    document.addEventListener("pointerdown", () => surface.classList.remove("by-key"), true);
    document.addEventListener("copy", (event) => this.copy(event, false));
    document.addEventListener("cut", (event) => this.copy(event, true));
    document.addEventListener("paste", (event) => this.paste(event));
  }

  private get isElsewhere(): boolean {
    return document.querySelector("dialog[open]") !== null || this.surface.offsetParent === null;
  }

  /** Whether the canvas itself is worked on: not a field, button or menu of the page around it. */
  private get isHere(): boolean {
    const active = document.activeElement;
    return (
      active === null || active === document.body || active === this.surface || this.surface.contains(active)
    );
  }

  private pressed(event: KeyboardEvent): void {
    if (event.isComposing || this.isElsewhere) return;
    if (event.key === "Escape") {
      this.escape(event);
      return;
    }
    const command = event.ctrlKey || event.metaKey;
    const done = command
      ? this.commanded(event)
      : !isTyping(event.target) && this.isHere && this.plain(event);
    if (done) event.preventDefault();
  }

  private escape(event: KeyboardEvent): void {
    if (this.actions.escape()) {
      event.preventDefault();
      return;
    }
    if (isTyping(event.target) || !this.isHere) this.surface.focus();
    else this.editor.select([]);
  }

  private commanded(event: KeyboardEvent): boolean {
    const { editor } = this;
    const key = event.key.toLowerCase();
    if (key === "s") {
      this.actions.save();
      return true;
    }
    if (key === "z" || key === "y") {
      if (isTextInput(event.target) && !isFormField(event.target)) return false;
      if (key === "y" || event.shiftKey) editor.redo();
      else editor.undo();
      return true;
    }
    if (isTyping(event.target)) return false;
    switch (key) {
      case "a":
        editor.select(editor.document.nodes.map((node) => node.id));
        return true;
      case "d":
        if (editor.duplicate() > 0) this.revealSelected();
        return true;
      case "k":
        this.actions.searchSteps();
        return true;
      case "delete":
      case "backspace":
        this.remove(true);
        return true;
      default:
        return false;
    }
  }

  private plain(event: KeyboardEvent): boolean {
    const { editor, drawing, actions } = this;
    switch (event.key) {
      case "Delete":
      case "Backspace":
        this.remove(false);
        return true;
      case "F2":
        actions.rename();
        return true;
      case "Enter":
        if (editor.single === undefined) return false;
        actions.openSettings();
        return true;
      case "Tab":
        if (event.shiftKey || editor.single === undefined || document.activeElement !== this.surface)
          return false;
        actions.addNext();
        return true;
      case "ArrowLeft":
      case "ArrowRight":
      case "ArrowUp":
      case "ArrowDown":
        if (event.altKey) this.nudge(event.key);
        else this.walk(event.key, event.shiftKey);
        return true;
      case "1":
        drawing.fit();
        return true;
      case "0":
        drawing.zoomTo(1);
        return true;
      case "+":
      case "=":
        drawing.zoomBy(1.2);
        return true;
      case "-":
        drawing.zoomBy(1 / 1.2);
        return true;
      case "?":
        actions.showKeys();
        return true;
      default:
        return false;
    }
  }

  private remove(reconnect: boolean): void {
    const count = this.editor.remove(reconnect);
    if (count > 0) this.actions.announce(this.editor.say("saidDeleted", { count }));
  }

  private nudge(key: string): void {
    const { editor } = this;
    const step = STEPS[key] ?? { x: 0, y: 0 };
    const places = [...editor.selected].map((id) => {
      const place = editor.placeOf(id);
      return [id, { x: place.x + step.x * GRID, y: place.y + step.y * GRID }] as const;
    });
    if (places.length > 0) editor.move(Object.fromEntries(places), "nudge");
  }

  /** Right and left follow the edges, up and down go to the neighbour; with Shift all that comes after or before is selected. */
  private walk(key: string, all: boolean): void {
    const { editor } = this;
    const from = editor.single ?? [...editor.selected].at(-1);
    if (from === undefined) {
      const first =
        editor.document.nodes.find((node) => !editor.takesEdges(node.id)) ?? editor.document.nodes[0];
      if (first !== undefined) this.go(first.id);
      return;
    }
    if (all && (key === "ArrowRight" || key === "ArrowLeft")) {
      editor.select(reached(editor, from, key === "ArrowRight"));
      return;
    }
    const next = neighbour(editor, from, key);
    if (next !== undefined) this.go(next);
  }

  private go(id: string): void {
    const { editor } = this;
    editor.select([id]);
    this.drawing.reveal(id);
    const values = { step: editor.nameOf(id), summary: editor.summaryOf(id) };
    this.actions.announce(editor.say("saidSelected", values));
  }

  private copy(event: ClipboardEvent, cut: boolean): void {
    const { editor } = this;
    if (isTyping(event.target) || this.isElsewhere || editor.selected.size === 0 || hasTextSelection())
      return;
    const excerpt = excerptOf(editor.document, editor.selected);
    this.copied = JSON.stringify(excerpt);
    this.pastes = cut ? 0 : 1;
    event.clipboardData?.setData("text/plain", this.copied);
    event.preventDefault();
    if (cut) editor.remove();
    this.actions.announce(editor.say("saidCopied", { count: excerpt.nodes.length }));
  }

  private paste(event: ClipboardEvent): void {
    if (isTyping(event.target) || this.isElsewhere) return;
    const { editor, drawing } = this;
    const text = event.clipboardData?.getData("text/plain") || this.copied;
    const excerpt = readExcerpt(text);
    if (excerpt === null || excerpt.nodes.length === 0) {
      this.actions.announce(editor.say("saidNothingToPaste"));
      return;
    }
    event.preventDefault();
    const corner = editor.cornerOf(excerpt);
    const shift = GRID * 5 * this.pastes;
    this.pastes += 1;
    const beside = { x: corner.x + shift, y: corner.y + shift };
    const count = editor.paste(excerpt, this.isInView(beside) ? beside : drawing.centre());
    this.revealSelected();
    this.actions.announce(editor.say("saidPasted", { count }));
  }

  private isInView(place: Place): boolean {
    const at = this.drawing.toContainer(place);
    const { clientWidth, clientHeight } = this.surface;
    return at.x > 0 && at.y > 0 && at.x < clientWidth && at.y < clientHeight;
  }

  private revealSelected(): void {
    const [first] = this.editor.selected;
    if (first !== undefined) this.drawing.reveal(first);
  }
}

const STEPS: Readonly<Record<string, Place>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** The node that an arrow key leads to. */
export function neighbour(editor: Editor, from: string, key: string): string | undefined {
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

function isTextInput(target: EventTarget | null): boolean {
  return isTyping(target) && !(target instanceof HTMLSelectElement);
}

/** A field whose every letter is a change of the document: our own undo knows it. */
function isFormField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest(".inspector") !== null;
}

function hasTextSelection(): boolean {
  const selection = window.getSelection();
  return selection !== null && !selection.isCollapsed && selection.toString() !== "";
}
