/** What every gesture works with. */

import type { Place } from "../document";
import type { Drawing } from "../drawing";
import type { Shaping } from "../editing/shaping";
import type { Editor } from "../editor";
import type { Marks } from "./marks";
import type { Thing } from "./thing";

const CLICK_SLACK = 4;

/** What a gesture asks for that is more than changing the document. */
export interface Wishes {
  /** A port was pressed, or a new way was let go over nothing: offer what may come next. */
  offerNext(node: string, port: string, client: Place, at?: Place): void;
  offerAt(client: Place, at: Place): void;
  openSettings(node: string): void;
  rename(thing: Thing): void;
  writeNote(note: string): void;
  /** Offer what can be done with a thing. */
  offerMenu(client: Place, thing: Thing): void;
  /** A way out was tapped: the next tap tells where it leads. */
  arm(node: string, port: string): void;
  /** A gesture is over: whatever had to wait for it may happen now. */
  settled(): void;
}

export interface Gesture {
  move(event: PointerEvent): void;
  end(event: PointerEvent): void;
  cancel(): void;
}

/** What stands in while it is found out which gesture begins. */
export const RESTING: Gesture = { move: () => {}, end: () => {}, cancel: () => {} };

export interface Hand {
  readonly surface: HTMLElement;
  readonly drawing: Drawing;
  readonly editor: Editor;
  readonly shaping: Shaping;
  readonly marks: Marks;
  readonly wishes: Wishes;
  readonly isLasso: boolean;
  setLasso(on: boolean): void;
  arm(way: { readonly node: string; readonly port: string } | null): void;
}

export function pointOf(event: MouseEvent): Place {
  return { x: event.clientX, y: event.clientY };
}

export function isDrag(start: MouseEvent, event: MouseEvent): boolean {
  return Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > CLICK_SLACK;
}
