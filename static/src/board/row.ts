/** How one row looks: countdown, order, where it stands, whose it is. Made once, filled for whatever row it shows. */

import { h } from "../canvas/dom";
import { countdown, left, likely, type Row, type Sign, signOf, type Spreads } from "./rows";
import type { Words } from "./words";

const SVG = "http://www.w3.org/2000/svg";

/** As the page's own icons are drawn. */
const SIGNS: Readonly<Record<Sign, string>> = {
  red: "M8 2.5 14.25 13.25H1.75zM8 6.5v3.25M8 11.5v.1",
  amber: "M8 2.25a5.75 5.75 0 1 0 0 11.5 5.75 5.75 0 0 0 0-11.5zM8 5v3.25l2 1.5",
  predicted: "M1.75 10h2.5L6.5 3l3 10 2-5h2.75",
  calm: "M3 8.5 6.25 11.75 13 4.75",
  none: "M4 8h8",
  stopped: "M5.25 3.25v9.5M10.75 3.25v9.5",
};

export interface RowParts {
  readonly element: HTMLElement;
  readonly tick: HTMLInputElement | null;
  readonly sign: SVGPathElement;
  readonly time: HTMLElement;
  readonly word: HTMLElement;
  readonly number: HTMLAnchorElement;
  readonly buyer: HTMLElement;
  readonly channel: HTMLElement;
  readonly flow: HTMLElement;
  readonly stage: HTMLElement;
  readonly rest: HTMLElement;
  readonly owner: HTMLElement;
  readonly since: HTMLElement;
  readonly likely: HTMLElement;
}

export function signIcon(): readonly [SVGElement, SVGPathElement] {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  const drawn = {
    viewBox: "0 0 16 16",
    width: "16",
    height: "16",
    fill: "none",
    stroke: "currentColor",
    "stroke-width": "1.5",
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
  };
  for (const [name, value] of Object.entries(drawn)) svg.setAttribute(name, value);
  svg.append(path);
  return [svg, path];
}

/** An element that can show any row. `mayTick`: rows can be ticked. */
export function makeRow(mayTick: boolean): RowParts {
  const tick = mayTick ? h("input", { type: "checkbox", tabindex: "-1", "data-board-tick": true }) : null;
  const [svg, sign] = signIcon();
  const time = h("b", { class: "number" });
  const word = h("span", { class: "word" });
  const number = h("a", { class: "strong", tabindex: "-1" });
  const buyer = h("span", { class: "faint clip" });
  const [channel, flow, stage, rest] = [
    cell("channel"),
    cell("flow"),
    h("span"),
    h("span", { class: "faint" }),
  ];
  const [owner, since, likelyCell] = [cell("owner"), cell("since"), cell("likely")];
  const element = h(
    "div",
    { class: "board-row", role: "row" },
    tick && h("label", { class: "tick", role: "gridcell" }, tick),
    h("span", { class: "left", role: "gridcell" }, svg, time, word),
    h("span", { class: "order", role: "gridcell" }, number, buyer),
    channel,
    flow,
    h("span", { class: "stage clip", role: "gridcell" }, stage, rest),
    owner,
    since,
    likelyCell,
  );
  return {
    element,
    tick,
    sign,
    time,
    word,
    number,
    buyer,
    channel,
    flow,
    stage,
    rest,
    owner,
    since,
    likely: likelyCell,
  };
}

function cell(name: string): HTMLElement {
  return h("span", { class: `${name} clip`, role: "gridcell" });
}

export interface Moment {
  readonly now: number;
  readonly spreads: Spreads;
  readonly words: Words;
}

/** Everything that a row says, but for what goes on by the second. */
export function fillRow(parts: RowParts, row: Row, moment: Moment, address: string, ticked: boolean): void {
  const { words } = moment;
  write(parts.number, row.number);
  if (parts.number.getAttribute("href") !== address) parts.number.href = address;
  write(parts.buyer, row.buyer);
  write(parts.channel, row.channel);
  write(parts.flow, row.flowName || words.say("no-flow"));
  write(parts.stage, row.stage);
  const rest = words.say(`rest-${row.rest}`);
  write(parts.rest, rest === "" ? "" : ` · ${rest}`);
  write(parts.owner, row.owner || "–");
  parts.owner.classList.toggle("is-claimed", row.claimed);
  write(parts.since, words.clock(row.since));
  parts.element.dataset.key = row.key;
  if (parts.tick !== null) {
    parts.tick.checked = ticked;
    parts.tick.disabled = row.rest !== "person";
    parts.tick.setAttribute("aria-label", words.say("tick", { order: row.number }));
  }
  tickRow(parts, row, moment);
}

/** What goes on by the second. */
function tickRow(parts: RowParts, row: Row, { now, spreads, words }: Moment): void {
  const sign = signOf(row, now, spreads);
  if (parts.element.dataset.sign !== sign) {
    parts.element.dataset.sign = sign;
    parts.sign.setAttribute("d", SIGNS[sign]);
  }
  const rest = left(row, now);
  write(parts.time, rest === null ? "" : countdown(rest));
  const more = [row.whole && words.say("whole"), row.escalated && words.say("escalated")];
  write(parts.word, [words.say(sign), ...more].filter((word) => word !== false).join(" · "));
  write(parts.likely, likelyWords(row, now, spreads, words));
}

export function signPath(sign: Sign): string {
  return SIGNS[sign];
}

function likelyWords(row: Row, now: number, spreads: Spreads, words: Words): string {
  const told = likely(row, now, spreads);
  if (told === null) return "";
  if (told === "longer") return words.say("longer");
  const [from, to] = told.map((seconds) => words.span(Math.ceil(seconds / 60) * 60_000));
  return from === to ? (from ?? "") : words.say("range", { from: from ?? "", to: to ?? "" });
}

function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
