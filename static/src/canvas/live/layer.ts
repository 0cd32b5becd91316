/** What lies over the drawing: the numbers at steps and ways, and the way of one order. X6 knows nothing of it. */

import type { FlowEdge, Place } from "../document";
import { h, icon } from "../dom";
import type { Drawing } from "../drawing";
import type { Editor } from "../editor";
import { inOrder } from "../outline";
import { crowdWords, lengthOf, RISK_ICONS, riskOf } from "./crowd";
import type { Moment } from "./moments";
import type { Asked, Crowd, Standing } from "./wire";

const READABLE = 0.8;
const LARGEST = 2.6;
/** How close two numbers of ways may come, and where along a way its number may stand, the best first. */
const COUNT_WIDE = 40;
const COUNT_HIGH = 26;
const FRACTIONS = [0.5, 0.38, 0.62, 0.26, 0.74, 0.14, 0.86];
const SVG = "http://www.w3.org/2000/svg";

interface Wanted {
  readonly asked: Asked;
  readonly at: () => Place;
  readonly fill: (badge: HTMLButtonElement) => void;
}

interface Badge {
  readonly element: HTMLButtonElement;
  readonly asked: Asked;
  readonly at: Place;
}

export class Layer {
  readonly element = h("div", { class: "live-layer" });
  private readonly plane = h("div", { class: "live-plane", role: "group" });
  private readonly way = document.createElementNS(SVG, "svg");
  private readonly spots = h("div", { class: "live-spots", "aria-hidden": "true" });
  private readonly badges = new Map<string, Badge>();
  private standing: Standing | null = null;
  private zoom = 0;

  constructor(
    private readonly editor: Editor,
    private readonly drawing: Drawing,
    private readonly open: (asked: Asked) => void,
  ) {
    this.plane.setAttribute("aria-label", editor.say("liveBadges"));
    this.way.setAttribute("class", "live-way");
    this.way.setAttribute("aria-hidden", "true");
    this.plane.append(this.way, this.spots);
    this.element.append(this.plane);
    this.plane.addEventListener("keydown", (event) => this.walk(event));
    this.lay();
  }

  /** Follow the drawing, which has moved or zoomed. */
  lay(): void {
    const { drawing, plane } = this;
    const origin = drawing.toContainer({ x: 0, y: 0 });
    const zoom = drawing.zoom;
    plane.style.transform = `translate(${origin.x}px, ${origin.y}px) scale(${zoom})`;
    if (zoom === this.zoom) return;
    this.zoom = zoom;
    plane.style.setProperty("--counter", Math.min(LARGEST, Math.max(1, READABLE / zoom)).toFixed(3));
  }

  // --- numbers ------------------------------------------------------------------------------------------------------

  /** Show where orders stand; null takes all numbers away. */
  show(standing: Standing | null, now: number): void {
    this.standing = standing;
    const wanted = standing === null ? [] : [...this.crowdsOf(standing, now), ...this.waysOf(standing)];
    const keys = new Set(wanted.map((one) => keyOf(one.asked)));
    for (const [key, badge] of this.badges) {
      if (keys.has(key)) continue;
      badge.element.remove();
      this.badges.delete(key);
    }
    for (const one of wanted) one.fill(this.badgeFor(one.asked, one.at).element);
    this.arrange();
  }

  /** Where on a way its number stands: in the middle, or beside it where the number of another way already stands. */
  private freeSpotOn(edge: FlowEdge): Place {
    const points = this.drawing.wayOf(edge);
    const taken = [...this.badges.values()].filter((badge) => badge.asked.port !== undefined);
    const isFree = (place: Place): boolean =>
      taken.every(({ at }) => Math.abs(at.x - place.x) > COUNT_WIDE || Math.abs(at.y - place.y) > COUNT_HIGH);
    const spots = FRACTIONS.map((fraction) => pointAt(points, fraction));
    return spots.find(isFree) ?? this.drawing.middleOf(edge);
  }

  /** Another document is drawn: nothing is where it was. */
  clear(): void {
    this.show(null, 0);
    this.showMoment(null);
  }

  private crowdsOf(standing: Standing, now: number): Wanted[] {
    return Object.entries(standing.nodes).flatMap(([node, crowd]) => {
      const shownAt = node === "" ? this.start() : node;
      const rect = shownAt === undefined ? undefined : this.drawing.rectOf(shownAt);
      if (shownAt === undefined || rect === undefined) return [];
      const at = (): Place => ({ x: rect.x + rect.width - 10, y: rect.y });
      return [{ asked: { node }, at, fill: (badge) => this.fillCrowd(badge, shownAt, crowd, now) }];
    });
  }

  private waysOf(standing: Standing): Wanted[] {
    const edges = new Map(this.editor.document.edges.map((edge) => [wayKey(edge), edge]));
    return standing.ways.flatMap(([node, port, count]) => {
      const edge = edges.get(wayKey({ from: node, port }));
      if (edge === undefined) return [];
      const at = (): Place => this.freeSpotOn(edge);
      return [
        { asked: { node, port }, at, fill: (badge) => this.fillWay(badge, edge, count, standing.counted) },
      ];
    });
  }

  /** The same numbers with the time gone on. */
  tick(now: number): void {
    if (this.standing !== null) this.show(this.standing, now);
  }

  /** Mark the badge whose orders are listed, or none. */
  choose(asked: Asked | null): void {
    for (const badge of this.badges.values()) {
      const chosen = asked?.node === badge.asked.node && asked.port === badge.asked.port;
      badge.element.setAttribute("aria-pressed", String(chosen));
    }
  }

  focus(asked: Asked): void {
    const found = this.badges.get(keyOf(asked))?.element;
    if (found !== undefined) this.goTo(found);
  }

  /** Go to the first step with orders of this kind, or the next after the one that has the focus. */
  goToNext(risk: string): void {
    const some = [...this.plane.querySelectorAll<HTMLButtonElement>(`.live-badge.is-${risk}`)];
    const present = some.indexOf(document.activeElement as HTMLButtonElement);
    const next = some[(present + 1) % Math.max(some.length, 1)];
    if (next !== undefined) this.goTo(next);
  }

  private start(): string | undefined {
    return this.editor.document.nodes.find((node) => !this.editor.takesEdges(node.id))?.id;
  }

  /** The badge of what is asked, at its place. Places stay as long as the document does. */
  private badgeFor(asked: Asked, at: () => Place): Badge {
    const known = this.badges.get(keyOf(asked));
    if (known !== undefined) return known;
    const element = h("button", { type: "button", tabindex: "-1", click: () => this.open(asked) });
    const { x, y } = at();
    element.style.left = `${x}px`;
    element.style.top = `${y}px`;
    const badge = { asked, element, at: { x, y } };
    this.badges.set(keyOf(asked), badge);
    return badge;
  }

  private fillCrowd(badge: HTMLButtonElement, node: string, crowd: Crowd, now: number): void {
    const { say, language } = this.editor;
    const risk = riskOf(crowd);
    const longest = lengthOf(now - crowd.oldest, language);
    const name = `${this.editor.nameOf(node)}: ${crowdWords(crowd, say, language, now).join(", ")}`;
    if (badge.title === name) return;
    badge.className = `live-badge is-${risk}`;
    badge.title = name;
    badge.replaceChildren(
      icon(RISK_ICONS[risk]),
      h("span", { class: "visually-hidden" }, name),
      h("strong", { "aria-hidden": "true" }, crowd.number.toLocaleString(language)),
      h("span", { "aria-hidden": "true" }, longest),
    );
  }

  private fillWay(badge: HTMLButtonElement, edge: FlowEdge, count: number, all: number): void {
    const { say, language } = this.editor;
    const port = this.editor.ports(edge.from).find((one) => one.id === edge.port)?.label ?? edge.port;
    const step = this.editor.nameOf(edge.from);
    const name = say("liveWent", { count, all, step, port });
    if (badge.title === name) return;
    badge.className = "live-count";
    badge.title = name;
    badge.setAttribute("aria-label", name);
    badge.textContent = count.toLocaleString(language);
  }

  /** Put the numbers into the order of work, so that the keys go along the flow; one of them takes the Tab key. */
  private arrange(): void {
    const place = new Map(inOrder(this.editor).map((id, index) => [id, index]));
    const rank = (asked: Asked): number => {
      const node = place.get(asked.node === "" ? (this.start() ?? "") : asked.node) ?? 0;
      return asked.port === undefined ? node : node + 0.5;
    };
    const sorted = [...this.badges.values()].sort((one, other) => rank(one.asked) - rank(other.asked));
    const shown = [...this.plane.querySelectorAll("button")];
    if (sorted.some((badge, index) => badge.element !== shown[index])) {
      const focused = document.activeElement;
      this.plane.append(...sorted.map((badge) => badge.element));
      if (focused instanceof HTMLElement && this.plane.contains(focused))
        focused.focus({ preventScroll: true });
    }
    if (this.plane.querySelector('button[tabindex="0"]') === null)
      sorted[0]?.element.setAttribute("tabindex", "0");
  }

  private walk(event: KeyboardEvent): void {
    const all = [...this.plane.querySelectorAll("button")];
    const present = all.indexOf(document.activeElement as HTMLButtonElement);
    const next: Readonly<Record<string, number>> = {
      ArrowRight: present + 1,
      ArrowDown: present + 1,
      ArrowLeft: present - 1,
      ArrowUp: present - 1,
      Home: 0,
      End: all.length - 1,
    };
    const index = next[event.key];
    if (present < 0 || index === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const found = all[Math.min(Math.max(index, 0), all.length - 1)];
    if (found !== undefined) this.goTo(found);
  }

  private goTo(badge: HTMLButtonElement): void {
    for (const one of this.plane.querySelectorAll('button[tabindex="0"]')) one.setAttribute("tabindex", "-1");
    badge.setAttribute("tabindex", "0");
    badge.focus({ preventScroll: true });
    const asked = [...this.badges.values()].find((one) => one.element === badge)?.asked;
    if (asked !== undefined) this.drawing.reveal(asked.node === "" ? (this.start() ?? "") : asked.node);
  }

  // --- the way of one order -----------------------------------------------------------------------------------------

  /** Light the way up to a moment: the ways that were taken, the steps that were seen, the one where it stands. */
  showMoment(moment: Moment | null): void {
    const taken =
      moment === null ? [] : this.editor.document.edges.filter((edge) => moment.ways.has(wayKey(edge)));
    this.way.replaceChildren(
      ...taken.map((edge) => {
        const line = document.createElementNS(SVG, "polyline");
        line.setAttribute(
          "points",
          this.drawing
            .wayOf(edge)
            .map((point) => `${point.x},${point.y}`)
            .join(" "),
        );
        line.setAttribute("data-edge", edge.id);
        return line;
      }),
    );
    this.spots.replaceChildren(
      ...[...(moment?.steps ?? [])].map(([node, step]) => {
        const rect = this.drawing.rectOf(node);
        const spot = h("div", {
          class: `live-spot is-${step.tone}${step.current ? " is-current" : ""}`,
          "data-node": node,
        });
        if (rect === undefined) return spot;
        spot.style.left = `${rect.x}px`;
        spot.style.top = `${rect.y}px`;
        spot.style.width = `${rect.width}px`;
        spot.style.height = `${rect.height}px`;
        spot.append(h("span", { class: "live-mark" }, icon(TONE_ICONS[step.tone]), step.told));
        return spot;
      }),
    );
  }
}

const TONE_ICONS = {
  done: "check",
  plain: "check",
  waiting: "past",
  failed: "error",
  cancelled: "close",
} as const;

/** The point at a share of the length of a line of straight pieces. */
export function pointAt(points: readonly Place[], share: number): Place {
  const lengths = points.slice(1).map((point, index) => {
    const from = points[index] ?? point;
    return Math.hypot(point.x - from.x, point.y - from.y);
  });
  let left = share * lengths.reduce((sum, length) => sum + length, 0);
  for (const [index, length] of lengths.entries()) {
    const [from, to] = [points[index], points[index + 1]];
    if (from === undefined || to === undefined) break;
    if (left <= length) {
      const part = length === 0 ? 0 : left / length;
      return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
    }
    left -= length;
  }
  return points.at(-1) ?? { x: 0, y: 0 };
}

function keyOf(asked: Asked): string {
  return asked.port === undefined ? `node ${asked.node}` : `way ${asked.node} ${asked.port}`;
}

export function wayKey(edge: { readonly from: string; readonly port: string }): string {
  return `${edge.from} ${edge.port}`;
}
