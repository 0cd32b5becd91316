/** The three ways to be at a flow: drawing it, trying it, watching it run. One control, the same on each page. */

import { h } from "./dom";
import type { Say } from "./words";

export type Mode = "draw" | "try" | "live";

/** Where a mode is: an address, or something that this page does. A mode without a way is not offered. */
export type Ways = { readonly [Name in Mode]?: string | (() => void) };

/** What the address of the drawing page ends with where it is opened to try. */
export const TRY_MARK = "#try";

const WORDS = { draw: "modeDraw", try: "modeTry", live: "modeLive" } as const;

export function modeSwitch(say: Say, current: Mode, ways: Ways): HTMLElement {
  const items = (["draw", "try", "live"] as const).map((mode) => {
    const way = ways[mode];
    const label = say(WORDS[mode]);
    if (mode === current) return h("span", { class: "mode is-current", "aria-current": "true" }, label);
    if (way === undefined) return null;
    if (typeof way === "string") return h("a", { class: "mode", href: way, "data-goes": mode }, label);
    return h("button", { type: "button", class: "mode", "data-goes": mode, click: way }, label);
  });
  return h("nav", { class: "modes", "aria-label": say("modes") }, ...items);
}
