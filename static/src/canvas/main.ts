/** The canvas of a flow: fetches the palette and the draft, and puts the page together. */

import "../css/canvas.css";
import "../css/drafts.css";
import "../css/reading.css";
import "../css/live.css";
import "../css/editing.css";
import "../css/forms.css";
import "../css/nesting.css";
import "../css/trying.css";
import { Bar } from "./bar";
import { askAboutOvertaken } from "./company";
import { differenceList, differences } from "./differences";
import { askToPublish } from "./dialogs";
import type { Place } from "./document";
import { button, h } from "./dom";
import { Draft, NotSaved } from "./draft";
import { Drawing } from "./drawing";
import { type Around, Workbench } from "./editing/workbench";
import { Editor, type Problem } from "./editor";
import { Inspector } from "./inspector";
import { StepMenu } from "./menu";
import { Minimap } from "./minimap";
import { modeSwitch } from "./modes";
import { Outline } from "./outline";
import { PalettePanel } from "./palette";
import { ProblemList } from "./problems";
import { Past } from "./past";
import { type DraftAnswer, Refused, Server } from "./server";
import type { Palette } from "./palette-types";
import { EdgeTools, emptyHint, zoomTools } from "./tools";
import { Supply } from "./supply";
import { tellTimesIn } from "./times";
import { Trying } from "./trying/main";
import { findView, markDifferences, restoreChosen, shownIn, type View, viewBanner, wishOf } from "./views";
import { type Say, wordsIn } from "./words";

const SMALL = window.matchMedia("(max-width: 699px)");

const root = document.getElementById("canvas");
if (root !== null) void open(root);

async function open(root: HTMLElement): Promise<void> {
  const language = root.dataset.language ?? "en";
  const say = wordsIn(language);
  tellTimesIn(root.dataset.zone);
  const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
  const { palette = "", draft = "", presence = "", publication = "", versions = "" } = root.dataset;
  const { samples = "", counts = "" } = root.dataset;
  const server = new Server(
    { palette, draft, presence, publication, versions, samples, counts },
    token,
    language,
  );
  const wish = wishOf(window.location.search);
  try {
    const [offered, answer] = await Promise.all([server.palette(), server.draft()]);
    const view = wish && (await findView(server, wish, answer));
    new Page(root, server, offered, answer, language, say, view);
  } catch (error) {
    const why = error instanceof Refused ? error.refusal.detail : "";
    const again = button(say("tryAgain"), () => window.location.reload(), { class: "button", text: true });
    root.replaceChildren(
      h("div", { class: "canvas-failed" }, h("p", {}, say("loadFailed")), h("p", {}, why), again),
    );
    if (!(error instanceof Refused)) throw error;
  }
}

class Page {
  private readonly editor: Editor;
  private readonly draft: Draft;
  private readonly surface: HTMLElement;
  private readonly drawing: Drawing;
  private readonly bench: Workbench;
  private readonly menu: StepMenu;
  private readonly inspector: Inspector;
  private readonly outline: Outline;
  private readonly problems: ProblemList;
  private readonly palette: PalettePanel;
  private readonly bar: Bar;
  private readonly edgeTools: EdgeTools;
  private readonly voice = h("div", { class: "visually-hidden", "aria-live": "polite" });
  private wantsList = false;

  constructor(
    private readonly root: HTMLElement,
    private readonly server: Server,
    offered: Palette,
    opened: DraftAnswer,
    language: string,
    private readonly say: Say,
    view: View | null,
  ) {
    const mayEdit = root.dataset.mayEdit === "true";
    const answer = view === null ? opened : shownIn(view, opened);
    const editor = new Editor(answer.document, offered, language, say, !mayEdit || view !== null);
    if (view !== null) markDifferences(editor, view);
    root.classList.toggle("is-read-only", editor.readOnly);
    this.editor = editor;
    this.draft = new Draft(
      editor,
      server,
      answer,
      `orderflow.draft.${root.dataset.draft}.${root.dataset.person}`,
    );
    const stage = h("div", { class: "canvas-stage" });
    this.surface = h("div", {
      class: "canvas-surface",
      tabindex: "0",
      role: "application",
      "aria-label": say("canvasLabel"),
    });
    this.surface.append(stage);
    this.inspector = new Inspector(editor, server, (node) => this.goTo(node, ""));
    this.outline = new Outline(
      editor,
      (node, setting) => this.openInList(node, setting),
      (node, port) => this.offerNext(node, port, this.middle()),
    );
    this.problems = new ProblemList(editor, (problem) => this.jump(problem));
    this.bar = new Bar(
      editor,
      this.draft,
      root.dataset.flows ?? "/",
      root.dataset.mayPublish === "true" && view === null,
      {
        publish: () => this.publish(),
        toggleProblems: () => this.problems.toggle(),
        toggleList: () => this.toggleList(),
        showKeys: () => this.bench.showKeys(),
        showOvertaken: () => askAboutOvertaken(editor, this.draft),
        showHistory: () => new Past(editor, this.draft, server).open(),
        showFlow: () => this.showFlow(),
      },
    );
    this.bar.element
      .querySelector(".bar-where")
      ?.after(modeSwitch(say, "draw", { live: root.dataset.live ?? "" }));
    const room = h("div", { class: "canvas-room" });
    root.replaceChildren(this.bar.element, this.problems.element, room, this.voice);
    root.classList.toggle("is-viewing", view !== null);
    if (view !== null) room.before(viewBanner(editor, view, mayEdit));
    // The room is in the page before X6 measures it.
    const center = h("div", { class: "canvas-center" }, this.surface, this.outline.element);
    room.append(center, this.inspectorFrame());
    this.drawing = new Drawing(stage, editor);
    this.palette = new PalettePanel(editor, this.drawing, (id) => this.added(id));
    room.prepend(this.palette.element);
    this.menu = new StepMenu(root, editor, () => this.surface.focus({ preventScroll: true }));
    this.bench = new Workbench(root, this.surface, editor, this.drawing, this.around());
    this.outline.commands = this.bench.commands;
    this.edgeTools = new EdgeTools(this.surface, editor, this.drawing, (edge, client) =>
      this.offerOn(edge, client),
    );
    const minimap = new Minimap(editor, this.drawing);
    this.surface.append(minimap.element, zoomTools(editor, this.drawing, this.bench));
    center.append(emptyHint(editor, () => this.addStart()));
    const trying = new Trying(root, editor, this.drawing);
    this.drawing.onMoved = () => {
      trying.lay();
      this.edgeTools.lay();
      this.bench.moved();
      minimap.ask();
    };
    editor.setProblems(answer.problems);
    editor.on("selection", () => this.showInspector());
    SMALL.addEventListener("change", () => this.applyView());
    this.applyView();
    requestAnimationFrame(() => this.drawing.begin());
    this.root.dataset.ready = "true";
    void restoreChosen(server, editor, this.draft);
    const asked = new URLSearchParams(window.location.search).get("step") ?? "";
    if (editor.node(asked) !== undefined) requestAnimationFrame(() => this.goTo(asked, ""));
  }

  // --- adding -----------------------------------------------------------------------------------------------------

  private offerNext(node: string, port: string, client: Place, at?: Place): void {
    const { editor, say } = this;
    const label = editor.ports(node).find((one) => one.id === port)?.label ?? port;
    const title = say("addAfter", { step: editor.nameOf(node), port: label });
    const after = { node, port };
    this.menu.open(client, title, (kind) => {
      const id = editor.add(kind, at === undefined ? { after } : { after, at });
      if (id !== undefined) this.added(id);
    });
  }

  private offerOn(edge: string, client: Place): void {
    this.offer(client, (kind) => this.editor.add(kind, { on: edge }), "insertStep");
  }

  private offer(
    client: Place,
    add: (kind: Palette["kinds"][number]) => string | undefined,
    title: "addStep" | "insertStep" = "addStep",
  ): void {
    this.menu.open(client, this.say(title), (kind) => {
      const id = add(kind);
      if (id !== undefined) this.added(id);
    });
  }

  private added(id: string): void {
    this.announce(this.say("saidAdded", { step: this.editor.nameOf(id) }));
    this.drawing.reveal(id);
    if (this.isList) this.outline.show();
    else this.surface.focus({ preventScroll: true });
  }

  private addStart(): void {
    const start = this.editor.palette.kinds.find((kind) => !kind.incoming);
    if (start === undefined) return;
    const centre = this.drawing.centre();
    const id = this.editor.add(start, { near: { x: centre.x - 320, y: centre.y - 30 } });
    if (id !== undefined) this.added(id);
  }

  private middle(): Place {
    return { x: window.innerWidth / 2 - 140, y: window.innerHeight / 3 };
  }

  // --- going places -----------------------------------------------------------------------------------------------

  private goTo(node: string, where: string): void {
    this.editor.select([node]);
    this.drawing.reveal(node);
    this.root.classList.add("is-inspecting");
    if (where !== "") this.inspector.focus(where);
  }

  private jump(problem: Problem): void {
    if (SMALL.matches) this.problems.toggle();
    if (problem.node === null) this.showFlow();
    else this.goTo(problem.node, problem.where);
  }

  private showFlow(): void {
    this.editor.select([]);
    this.root.classList.add("is-inspecting");
    this.inspector.element.querySelector<HTMLElement>("input")?.focus();
  }

  /** The settings are there while one step is selected; a card that they would cover moves into view. */
  private showInspector(): void {
    const { editor, root } = this;
    if (SMALL.matches || this.bench.gestures.isBusy) return;
    const was = root.classList.contains("is-inspecting");
    const wanted = editor.single !== undefined;
    root.classList.toggle("is-inspecting", wanted);
    if (wanted && !was && !this.isList) this.drawing.reveal(editor.single);
  }

  private inspectorFrame(): HTMLElement {
    const back = button(this.say("backToList"), () => this.leaveInspector(), {
      icon: "back",
      text: true,
      class: "button quiet inspector-back",
    });
    this.inspector.element.prepend(back);
    return this.inspector.element;
  }

  // --- list or drawing --------------------------------------------------------------------------------------------

  private get isList(): boolean {
    return SMALL.matches || this.wantsList;
  }

  private toggleList(): void {
    this.wantsList = !this.wantsList;
    this.applyView();
  }

  private applyView(): void {
    this.root.classList.toggle("is-list", this.isList);
    this.bar.setView(this.isList);
    if (this.isList) this.outline.show();
    this.root.classList.toggle("is-inspecting", !SMALL.matches && this.editor.single !== undefined);
  }

  private openInList(node: string, setting = ""): void {
    this.editor.select([node]);
    this.root.classList.add("is-inspecting");
    if (setting !== "") {
      this.inspector.focus(setting);
      return;
    }
    if (SMALL.matches) this.inspector.element.querySelector<HTMLElement>(".inspector-back")?.focus();
  }

  private leaveInspector(): void {
    const node = this.editor.single;
    this.root.classList.remove("is-inspecting");
    this.outline.show();
    if (node !== undefined) {
      this.outline.element.querySelector<HTMLElement>(`[data-node="${CSS.escape(node)}"]`)?.focus();
    }
  }

  // --- publishing and saving --------------------------------------------------------------------------------------

  private publish(): void {
    const { editor, draft, say } = this;
    if (editor.errors > 0) {
      if (this.problems.element.hidden) this.problems.toggle();
      return;
    }
    if (draft.published !== null && draft.published.fingerprint === draft.fingerprint && draft.isSaved) {
      this.toast(say("publishSame", { version: draft.published.version }), "");
      return;
    }
    const supply = new Supply(say, () => {
      dialog.close();
      this.showFlow();
      this.inspector.focusChannels();
    });
    const dialog = askToPublish(say, this.goesOut(supply), async (note) => {
      try {
        const { version, behind } = await draft.publish(note, supply.isTakenOver);
        const left =
          behind && h("a", { href: behind.address }, say("ordersBehind", { orders: behind.orders }));
        this.toast(say("published", { version }), "good", left);
      } catch (error) {
        if (error instanceof NotSaved) throw new Error(say("publishUnsaved"), { cause: error });
        if (!(error instanceof Refused)) throw error;
        editor.setProblems(error.refusal.problems.length > 0 ? error.refusal.problems : editor.problems);
        throw new Error(say("publishFailed", { why: error.refusal.detail || error.refusal.title }));
      }
    });
  }

  /** What differs from the published version, and whose work it is. */
  private async goesOut(supply: Supply): Promise<readonly Node[]> {
    const { editor, draft, say } = this;
    const people = await draft.authors();
    const whose = supply.tell(await this.server.whoseOrders());
    const live = draft.published;
    if (live === null) return [...whose, h("p", {}, say("goesOutFirst"))];
    const { told, moved } = differences(await this.server.version(live.version), editor.document, editor);
    const list = differenceList(editor, told, moved);
    const by =
      people.length > 0 &&
      h("p", { class: "goes-out-by" }, say("goesOutBy", { people: people.join(say("listJoin")) }));
    return [...whose, h("p", {}, say(told.length > 0 ? "goesOut" : "goesOutNothing")), list, by].filter(
      (one) => one !== false,
    );
  }

  /** A short notice, in the place and form of the page's own. */
  /** A short word; one that leads further stays long enough to be followed. */
  private toast(text: string, kind: string, further?: HTMLElement): void {
    const said = further === undefined ? [text] : [`${text} `, further];
    const toast = h("div", { class: `toast ${kind}`, "data-toast": true }, h("span", {}, ...said));
    document.getElementById("toasts")?.append(toast);
    window.setTimeout(() => toast.remove(), further === undefined ? 6_000 : 20_000);
  }

  private announce(text: string): void {
    this.voice.textContent = text;
  }

  /** What the workbench asks of the page around it. */
  private around(): Around {
    const isList = (): boolean => this.isList;
    return {
      get isList() {
        return isList();
      },
      mayPublish: this.root.dataset.mayPublish === "true",
      offerNext: (node, port, client, at) => this.offerNext(node, port, client, at),
      offerOn: (edge, client) => this.offerOn(edge, client),
      offerAt: (client, at) => this.offer(client, (kind) => this.editor.add(kind, { at })),
      add: (kind) => this.palette.addNear(kind),
      openSettings: () => this.inspector.focus(""),
      goTo: (node, where) => this.goTo(node, where),
      jump: (problem) => this.jump(problem),
      showFlow: () => this.showFlow(),
      writeInList: (note) => this.outline.write(note),
      searchSteps: () => this.palette.focus(),
      toggleProblems: () => void this.problems.toggle(),
      toggleList: () => this.toggleList(),
      save: () => void this.draft.save(),
      publish: () => this.publish(),
      settled: () => this.showInspector(),
      leave: () => this.leaveOpen(),
      announce: (text) => this.announce(text),
      toast: (text) => this.toast(text, ""),
    };
  }

  private leaveOpen(): boolean {
    if (this.menu.isOpen) {
      this.menu.close();
      this.surface.focus();
      return true;
    }
    if (this.problems.element.hidden) return false;
    this.problems.toggle();
    return true;
  }
}
