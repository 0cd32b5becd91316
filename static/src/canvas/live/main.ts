/** The live canvas: the published version with the orders that stand in it, and the way of one order through time. */

import "../../css/canvas.css";
import "../../css/live.css";
import "../../css/nesting.css";
import { hearsOfChanges } from "../../push";
import { browserStore, keepIfPossible } from "../browser-store";
import { button, h, icon } from "../dom";
import type { FlowDocument } from "../document";
import { Drawing } from "../drawing";
import { Editor } from "../editor";
import { History } from "../history";
import { Minimap } from "../minimap";
import { modeSwitch, TRY_MARK } from "../modes";
import type { Palette } from "../palette-types";
import { zoomTools } from "../tools";
import { type Say, wordsIn } from "../words";
import { Clock } from "./clock";
import { Finder } from "./finder";
import { Heartbeat } from "./heartbeat";
import { Layer } from "./layer";
import { LiveList } from "./list";
import { Look } from "./look";
import { OrdersPanel } from "./panel";
import { Strip } from "./strip";
import { Travel } from "./travel";
import { type Asked, type Journey, type Span, type Standing, Unanswered, Wire } from "./wire";

const SMALL = window.matchMedia("(max-width: 699px)");
const SHELF = "orderflow.live.window";
const A_WHILE = 10_000;

const root = document.getElementById("canvas");
if (root !== null) void open(root);

async function open(root: HTMLElement): Promise<void> {
  const language = root.dataset.language ?? "en";
  const say = wordsIn(language);
  const { standing = "", document = "", orders = "", search = "", journeys = "" } = root.dataset;
  const wire = new Wire({ standing, document, orders, search, journeys });
  const run = root.dataset.order ?? "";
  try {
    const [palette, shown, journey] = await Promise.all([
      readPalette(`${root.dataset.palette ?? ""}?lang=${encodeURIComponent(language)}`),
      root.dataset.published === "true" ? unlessMissing(wire.document()) : undefined,
      run === "" ? undefined : unlessMissing(wire.journey(run)),
    ]);
    const drawn = shown?.document ?? journey?.document;
    if (drawn === undefined) showNever(root, say);
    else new LivePage(root, wire, palette, drawn, shown?.version ?? 0, language, say).begin(journey);
  } catch (error) {
    const again = button(say("tryAgain"), () => window.location.reload(), { class: "button", text: true });
    root.replaceChildren(h("div", { class: "canvas-failed" }, h("p", {}, say("loadFailed")), again));
    if (!(error instanceof Unanswered)) throw error;
  }
}

async function readPalette(address: string): Promise<Palette> {
  const response = await fetch(address, {
    headers: { Accept: "application/json" },
    credentials: "same-origin",
  });
  if (!response.ok) throw new Unanswered(response.status);
  return (await response.json()) as Palette;
}

async function unlessMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Unanswered && error.status === 404) return undefined;
    throw error;
  }
}

function showNever(root: HTMLElement, say: Say): void {
  const { flows = "/", draw = "/", name = "" } = root.dataset;
  root.replaceChildren(
    h(
      "header",
      { class: "canvas-bar" },
      h(
        "div",
        { class: "bar-where" },
        h("a", { class: "bar-back", href: flows, "aria-label": say("flows") }, icon("back"), say("flows")),
        h("span", { class: "bar-slash", "aria-hidden": "true" }, "/"),
        h("strong", { class: "bar-name" }, name),
      ),
      modeSwitch(say, "live", { draw, try: `${draw}${TRY_MARK}` }),
    ),
    h(
      "div",
      { class: "canvas-failed live-never" },
      h("h1", {}, say("liveNever")),
      h("p", {}, say("liveNeverText")),
      h("a", { class: "button primary", href: draw }, say("liveDraw")),
    ),
  );
  root.dataset.ready = "true";
}

class LivePage {
  private readonly editor: Editor;
  private readonly drawing: Drawing;
  private readonly layer: Layer;
  private readonly strip: Strip;
  private readonly list: LiveList;
  private readonly panel: OrdersPanel;
  private readonly finder: Finder;
  private readonly travel: Travel;
  private readonly pulse: Heartbeat;
  private readonly surface: HTMLElement;
  private readonly version = h("span", { class: "bar-live is-live" });
  private readonly heard = h("span", { class: "live-heard", role: "status" });
  private readonly toggle: HTMLButtonElement;
  private readonly voice = h("div", { class: "visually-hidden", "aria-live": "polite" });
  private readonly clock: Clock;
  private readonly published: { document: FlowDocument; version: number };
  private span: Span;
  private standing: Standing | null = null;
  private wantsList = false;

  constructor(
    private readonly root: HTMLElement,
    private readonly wire: Wire,
    palette: Palette,
    document: FlowDocument,
    version: number,
    language: string,
    private readonly say: Say,
  ) {
    this.clock = new Clock(language, root.dataset.zone ?? "UTC");
    this.published = { document, version };
    this.span = chosenSpan();
    const editor = new Editor(document, palette, language, say, true);
    this.editor = editor;
    const open = (asked: Asked): void => this.openOrders(asked);
    const stage = h("div", { class: "canvas-stage" });
    this.surface = h(
      "div",
      { class: "canvas-surface", tabindex: "0", role: "application", "aria-label": say("liveBadges") },
      stage,
    );
    this.strip = new Strip(
      editor,
      this.span,
      (span) => this.choose(span),
      (risk) => this.layer.goToNext(risk),
    );
    this.list = new LiveList(editor, open);
    this.panel = new OrdersPanel(editor, wire, this.clock, () => this.span, {
      close: () => this.closePanels(),
      follow: (run) => void this.follow(run),
    });
    this.finder = new Finder(
      editor,
      wire,
      this.clock,
      (run) => void this.follow(run),
      () => this.closePanels(),
    );
    this.toggle = button(say("liveAtList"), () => this.toggleList(), {
      icon: "list",
      class: "button quiet icon-only bar-list",
    });
    const room = h("div", { class: "canvas-room" });
    root.replaceChildren(this.bar(), this.strip.element, room, this.voice);
    // The room is in the page before X6 measures it.
    room.append(h("div", { class: "canvas-center" }, this.surface, this.list.element), this.panel.element);
    this.drawing = new Drawing(stage, editor);
    this.layer = new Layer(editor, this.drawing, open);
    this.travel = new Travel(
      editor,
      this.drawing,
      this.layer,
      this.clock,
      () => this.leaveTravel(),
      (text) => this.announce(text),
    );
    room.append(this.finder.element, this.travel.element);
    const minimap = new Minimap(editor, this.drawing);
    this.surface.append(
      this.layer.element,
      minimap.element,
      zoomTools(editor, this.drawing),
      this.travel.controls,
    );
    this.drawing.onMoved = () => {
      this.layer.lay();
      minimap.ask();
    };
    new Look(this.surface, this.drawing, (node) => this.chooseStep(node));
    window.addEventListener("keydown", (event) => this.key(event));
    SMALL.addEventListener("change", () => this.applyView());
    this.pulse = new Heartbeat(
      () => this.beat(),
      () => this.tellHeard(),
      (root.dataset.topics ?? "orders").split(" "),
    );
  }

  begin(journey: Journey | undefined): void {
    this.applyView();
    this.showVersion();
    requestAnimationFrame(() => {
      this.drawing.begin();
      if (journey !== undefined) this.showJourney(journey);
      this.pulse.now();
      this.root.dataset.ready = "true";
    });
    window.setInterval(() => {
      if (document.hidden) return;
      if (!this.travel.isOpen) this.layer.tick(Date.now());
      this.tellHeard();
    }, A_WHILE);
  }

  // --- hearing ------------------------------------------------------------------------------------------------------

  private async beat(): Promise<void> {
    const { travel } = this;
    if (travel.run !== undefined) {
      if (!travel.goesOn) return;
      const journey = await this.wire.journey(travel.run);
      if (travel.run === journey.order.run) this.showJourney(journey);
      return;
    }
    const standing = await this.wire.standing(this.span);
    if (standing === null || travel.isOpen) return;
    if (standing.version !== this.published.version) await this.take(standing.version);
    const moved = standing !== this.standing;
    this.standing = standing;
    if (moved) this.showStanding();
  }

  /** Another version was published: from now on it is what is seen. */
  private async take(version: number): Promise<void> {
    const known = this.published.version;
    const { document, version: found } = await this.wire.document();
    Object.assign(this.published, { document, version: found });
    this.closePanels();
    this.draw(document);
    this.showVersion();
    if (known !== 0) this.announce(this.say("liveNewVersion", { version }));
  }

  private showStanding(): void {
    const { standing } = this;
    if (standing === null) return;
    this.strip.show(standing);
    this.layer.show(standing, Date.now());
    this.layer.choose(this.panel.asked);
    if (this.isList) this.list.show(standing);
    this.panel.follow(standing);
    this.root.dataset.heard = "true";
  }

  private tellHeard(): void {
    const { say, pulse, heard } = this;
    const when = pulse.heard === undefined ? "" : this.clock.ago(pulse.heard);
    const silent = pulse.failures > 0;
    const text = document.hidden
      ? say("livePaused")
      : silent
        ? say("liveSilent", { when: when === "" ? "–" : when })
        : pulse.heard !== undefined && Date.now() - pulse.heard > A_WHILE && !hearsOfChanges()
          ? say("liveUpdated", { when })
          : say("liveJustNow");
    heard.classList.toggle("is-silent", silent);
    if (heard.textContent === text) return;
    heard.title = text;
    heard.replaceChildren(icon(silent ? "alert" : "check"), h("span", {}, text));
  }

  // --- the page -----------------------------------------------------------------------------------------------------

  private bar(): HTMLElement {
    const { say, root } = this;
    const { flows = "/", draw = "/", name = "" } = root.dataset;
    const find = button(say("travelFind"), () => this.openFinder(), {
      icon: "search",
      text: true,
      class: "button bar-find",
    });
    find.hidden = root.dataset.maySeeOrders !== "true";
    return h(
      "header",
      { class: "canvas-bar" },
      h(
        "div",
        { class: "bar-where" },
        h("a", { class: "bar-back", href: flows, "aria-label": say("flows") }, icon("back"), say("flows")),
        h("span", { class: "bar-slash", "aria-hidden": "true" }, "/"),
        h("strong", { class: "bar-name" }, name),
        this.version,
        this.heard,
      ),
      modeSwitch(say, "live", { draw, try: `${draw}${TRY_MARK}`, live: () => {} }),
      h("div", { class: "bar-group is-end" }, this.toggle, find),
    );
  }

  private showVersion(): void {
    const { version } = this.published;
    this.version.textContent =
      version === 0 ? this.say("neverPublished") : this.say("versionLive", { version });
    this.version.classList.toggle("is-live", version !== 0);
  }

  private choose(span: Span): void {
    this.span = span;
    keepIfPossible(browserStore("localStorage"), SHELF, span);
    this.pulse.now();
  }

  private get isList(): boolean {
    return SMALL.matches || this.wantsList;
  }

  private toggleList(): void {
    this.wantsList = !this.wantsList;
    this.applyView();
  }

  private applyView(): void {
    const { isList, say } = this;
    this.root.classList.toggle("is-list", isList);
    const label = say(isList ? "liveAtCanvas" : "liveAtList");
    this.toggle.replaceChildren(icon(isList ? "drawing" : "list"));
    this.toggle.title = label;
    this.toggle.setAttribute("aria-label", label);
    if (isList && this.standing !== null) this.list.show(this.standing);
    if (!isList) requestAnimationFrame(() => this.layer.lay());
  }

  private draw(document: FlowDocument): void {
    this.layer.clear();
    this.editor.follow(new History(this.editor.placed(document)));
    this.drawing.begin();
    this.layer.lay();
  }

  // --- orders -------------------------------------------------------------------------------------------------------

  private chooseStep(node: string): void {
    const asked = { node: this.editor.takesEdges(node) ? node : "" };
    if (this.standing?.nodes[asked.node] !== undefined && !this.travel.isOpen) this.openOrders(asked);
  }

  private openOrders(asked: Asked): void {
    if (this.root.dataset.maySeeOrders !== "true") return;
    this.finder.close();
    this.panel.open(asked, this.standing);
    this.layer.choose(asked);
    this.root.classList.add("has-panel");
  }

  private openFinder(): void {
    this.panel.close();
    this.layer.choose(null);
    this.finder.open();
    this.root.classList.add("has-panel");
  }

  /** Close what is open beside the canvas; the focus goes back to where it was opened from. */
  private closePanels(): void {
    const { asked } = this.panel;
    this.panel.close();
    this.finder.close();
    this.layer.choose(null);
    this.root.classList.remove("has-panel");
    if (asked === null) return;
    if (this.isList) this.list.focus(asked.port === undefined ? asked.node : `${asked.node} ${asked.port}`);
    else this.layer.focus(asked);
  }

  // --- time travel --------------------------------------------------------------------------------------------------

  private async follow(run: string): Promise<void> {
    const journey = await this.wire.journey(run).catch(() => undefined);
    if (journey === undefined) {
      this.openFinder();
      this.finder.tell(this.say("travelGone"));
      return;
    }
    this.showJourney(journey);
  }

  private showJourney(journey: Journey): void {
    const anew = this.travel.run !== journey.order.run;
    if (anew) {
      this.panel.close();
      this.finder.close();
      this.root.classList.add("has-panel", "is-travelling");
      this.draw(journey.document);
      window.history.replaceState(null, "", `?order=${encodeURIComponent(journey.order.run)}`);
    }
    this.travel.open(journey);
  }

  private leaveTravel(): void {
    this.travel.close();
    this.root.classList.remove("has-panel", "is-travelling");
    window.history.replaceState(null, "", window.location.pathname);
    this.draw(this.published.document);
    this.showStanding();
    this.pulse.now();
    this.surface.focus({ preventScroll: true });
  }

  private key(event: KeyboardEvent): void {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    if (this.travel.isOpen) this.leaveTravel();
    else if (this.panel.isOpen || this.finder.isOpen) this.closePanels();
    else window.location.assign(this.root.dataset.draw ?? "/");
  }

  private announce(text: string): void {
    this.voice.textContent = text;
  }
}

function chosenSpan(): Span {
  const kept = browserStore("localStorage").getItem(SHELF);
  return kept === "hour" || kept === "week" ? kept : "day";
}
