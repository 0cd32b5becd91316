/** How much of a message arrives by the way that it goes: each holds so much text, and cuts what is longer. */

import type { Settings } from "../document";
import type { Longest, Palette } from "../palette-types";

/** How much text the way of a message holds; undefined where the settings name none, or one that does not say. */
export function heldBy(
  palette: Palette,
  settings: Settings,
): (Longest & { readonly label: string }) | undefined {
  const way = palette.notifiers.find((one) => one.key === settings.channel);
  return way?.longest === undefined ? undefined : { ...way.longest, label: way.label };
}

/** The text as it arrives: whole, or cut with an ellipsis. No sign is cut in two. */
export function arriving(text: string, longest: Longest): { readonly text: string; readonly cut: boolean } {
  const size = sizeIn(longest.unit);
  if (size(text) <= longest.most) return { text, cut: false };
  let left = longest.most - size("…");
  let kept = "";
  for (const sign of text) {
    left -= size(sign);
    if (left < 0) break;
    kept += sign;
  }
  return { text: `${kept.trimEnd()}…`, cut: true };
}

function sizeIn(unit: Longest["unit"]): (text: string) => number {
  return unit === "bytes" ? (text) => new TextEncoder().encode(text).length : (text) => [...text].length;
}
