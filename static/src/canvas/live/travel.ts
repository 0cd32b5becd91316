/** Time travel: the way of one order over the canvas, moment by moment, with what happened at each step beside it. */

import { button, h, icon } from "../dom";
import type { Drawing } from "../drawing";
import type { Editor } from "../editor";
import { outermost } from "../nesting";
import type { Clock } from "./clock";
import { lengthOf, TONE_WORDS } from "./crowd";
import type { Layer } from "./layer";
import { type Moment, momentAt } from "./moments";
import type { Journey, Visit } from "./wire";

const A_STEP = 1_200;

export class Travel {
  readonly controls = h("div", { class: "travel-controls canvas-float", role: "group", hidden: true });
  readonly element = h("aside", { class: "live-panel travel-panel", hidden: true, tabindex: "-1" });
  private readonly range = h("input", { type: "range", min: "0", step: "1", class: "travel-range" });
  private readonly when = h("output", { class: "travel-when" });
  private readonly play: HTMLButtonElement;
  private readonly steps = h("ol", { class: "travel-steps" });
  private journey: Journey | null = null;
  private index = 0;
  private timer: number | undefined;

  constructor(
    private readonly editor: Editor,
    private readonly drawing: Drawing,
    private readonly layer: Layer,
    private readonly clock: Clock,
    private readonly leave: () => void,
    private readonly announce: (text: string) => void,
  ) {
    const { say } = editor;
    const quiet = "button quiet icon-only";
    this.play = button(say("travelPlay"), () => this.toggle(), {
      icon: "chevron",
      class: `${quiet} travel-play`,
    });
    this.range.setAttribute("aria-label", say("travelScrub"));
    this.range.addEventListener("input", () => this.go(Number(this.range.value)));
    this.controls.setAttribute("aria-label", say("travelScrub"));
    this.controls.append(
      button(say("travelBack"), () => this.go(this.index - 1), {
        icon: "back",
        class: `${quiet} travel-back`,
      }),
      this.play,
      button(say("travelOn"), () => this.go(this.index + 1), {
        icon: "chevron",
        class: `${quiet} travel-on`,
      }),
      this.range,
      this.when,
    );
    this.controls.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("keydown", (event) => this.key(event));
  }

  get isOpen(): boolean {
    return this.journey !== null;
  }

  get run(): string | undefined {
    return this.journey?.order.run;
  }

  /** Whether the order still goes on, so that there will be more to see. */
  get goesOn(): boolean {
    return this.journey !== null && this.journey.ended === null;
  }

  /** Show this way from its end: where the order is now. */
  open(journey: Journey): void {
    const same = this.journey?.order.run === journey.order.run;
    const stayed = same && this.index < this.last;
    this.journey = journey;
    if (!stayed) this.index = journey.visits.length;
    this.range.max = String(journey.visits.length);
    this.controls.hidden = this.element.hidden = false;
    this.fill(journey);
    this.show();
    if (!same) this.element.focus({ preventScroll: true });
  }

  close(): void {
    this.pause();
    this.journey = null;
    this.controls.hidden = this.element.hidden = true;
    this.layer.showMoment(null);
  }

  private get last(): number {
    return this.journey?.visits.length ?? 0;
  }

  private go(index: number): void {
    this.pause();
    this.goTo(index);
  }

  private goTo(index: number): void {
    this.index = Math.min(Math.max(index, 0), this.last);
    this.show();
  }

  private toggle(): void {
    if (this.timer !== undefined) {
      this.pause();
      return;
    }
    if (this.index >= this.last) this.goTo(0);
    this.timer = window.setInterval(() => {
      this.goTo(this.index + 1);
      if (this.index >= this.last) this.pause();
    }, A_STEP);
    this.tellPlaying();
  }

  private pause(): void {
    window.clearInterval(this.timer);
    this.timer = undefined;
    this.tellPlaying();
  }

  private tellPlaying(): void {
    const { say } = this.editor;
    const plays = this.timer !== undefined;
    const label = say(plays ? "travelPause" : "travelPlay");
    this.play.title = label;
    this.play.setAttribute("aria-label", label);
    this.play.classList.toggle("is-playing", plays);
  }

  private key(event: KeyboardEvent): void {
    const ofRange = event.target === this.range;
    const does: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.go(this.index - 1),
      ArrowRight: () => this.go(this.index + 1),
      Home: () => this.go(0),
      End: () => this.go(this.last),
      ...((event.target as Element).closest("button, a") === null && { " ": () => this.toggle() }),
    };
    const act = does[event.key];
    if (act === undefined || (ofRange && event.key !== " ")) return;
    event.preventDefault();
    act();
  }

  // --- what is shown ------------------------------------------------------------------------------------------------

  private show(): void {
    const { journey } = this;
    if (journey === null) return;
    const { language, say } = this.editor;
    const now = journey.ended ?? Date.now();
    const moment = momentAt(journey.visits, this.index, now, (millis) => lengthOf(millis, language));
    this.layer.showMoment(moment);
    const told = this.words(journey, moment);
    this.range.value = String(this.index);
    this.range.setAttribute("aria-valuetext", told);
    this.when.textContent = this.clock.at(moment.at, true);
    for (const [index, row] of [...this.steps.children].entries()) {
      row.classList.toggle("is-ahead", index > this.index);
      const pressed = row.querySelector("button");
      if (index === this.index) pressed?.setAttribute("aria-current", "step");
      else pressed?.removeAttribute("aria-current");
      if (index === this.index) row.scrollIntoView({ block: "nearest" });
    }
    const node = moment.visit === null ? journey.standings[0]?.node : journey.visits[moment.visit]?.node;
    if (node) this.drawing.reveal(outermost(node));
    this.announce(told === "" ? say("travelNowhere") : told);
  }

  private words(journey: Journey, moment: Moment): string {
    const { say } = this.editor;
    const visit = moment.visit === null ? undefined : journey.visits[moment.visit];
    if (visit === undefined) return journey.standings.map((one) => one.text).join(" ");
    const values = {
      step: visit.name,
      number: this.index + 1,
      all: this.last,
      when: this.clock.at(visit.came, true),
    };
    return say("travelMoment", values);
  }

  private fill(journey: Journey): void {
    const { say } = this.editor;
    const title = say("travelOf", { order: journey.order.number });
    const version = say(journey.is_published ? "travelVersion" : "travelOldVersion", {
      version: journey.version,
    });
    const { address } = journey.order;
    this.element.setAttribute("aria-label", title);
    this.steps.replaceChildren(
      ...journey.visits.map((visit, index) => this.step(visit, index)),
      this.end(journey),
    );
    this.element.replaceChildren(
      h(
        "header",
        {},
        h("h2", {}, title),
        button(say("travelLeave"), () => this.leave(), { icon: "close" }),
      ),
      h(
        "div",
        { class: "live-panel-body" },
        h(
          "p",
          { class: "live-order-under" },
          [version, journey.order.total, journey.order.state_name].join(" · "),
          address !== null && h("a", { href: address, class: "travel-open" }, say("liveOpenOrder")),
        ),
        this.steps,
      ),
    );
  }

  private step(visit: Visit, index: number): HTMLElement {
    const { say, language } = this.editor;
    const attempt = visit.attempt > 1 ? ` · ${say("travelTry", { number: visit.attempt })}` : "";
    const stayed = visit.left === null ? 0 : visit.left - visit.came;
    const under = [
      this.clock.at(visit.came),
      visit.left === null && visit.tone === "waiting"
        ? say("travelStill", { time: lengthOf(Date.now() - visit.came, language) })
        : stayed >= 1000 && say("travelStayed", { time: lengthOf(stayed, language) }),
      visit.out !== "" && say("travelLeft", { port: visit.out }),
      visit.by !== "" && say("travelBy", { who: visit.by }),
    ].filter((text) => text !== false);
    return h(
      "li",
      { class: `travel-step is-${visit.tone}`, "data-depth": visit.node.split("/").length - 1 },
      h(
        "button",
        { type: "button", "data-node": visit.node, click: () => this.go(index) },
        h("span", { class: "travel-dot", title: say(TONE_WORDS[visit.tone]) }, icon(DOTS[visit.tone])),
        h(
          "span",
          { class: "travel-words" },
          h("strong", {}, `${visit.name}${attempt}`),
          h("span", {}, under.join(" · ")),
        ),
      ),
      ...visit.why.map((text) => h("p", { class: "travel-why" }, text)),
      visit.facts.length > 0 &&
        h(
          "dl",
          { class: "travel-facts" },
          ...visit.facts.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value))),
        ),
    );
  }

  /** The last row: where the order is now, or how it ended. */
  private end(journey: Journey): HTMLElement {
    const { say } = this.editor;
    const told = journey.standings.flatMap((one) => [one.text, one.remedy]).filter(Boolean);
    return h(
      "li",
      { class: "travel-step is-now" },
      h(
        "button",
        { type: "button", click: () => this.go(this.last) },
        h("span", { class: "travel-dot" }, icon("down")),
        h("span", { class: "travel-words" }, h("strong", {}, journey.order.state_name)),
      ),
      ...(told.length > 0 ? told : [say("travelNowhere")]).map((text) =>
        h("p", { class: "travel-why" }, text),
      ),
    );
  }
}

const DOTS = { done: "check", plain: "check", waiting: "past", failed: "error", cancelled: "close" } as const;
