/** Drawing a way from a port to a card, by a drag or by two taps. */

import { HEAD_HEIGHT, snapped } from "../shape";
import { type Gesture, type Hand, isDrag, pointOf, RESTING } from "./gesture";
import type { Thing } from "./thing";

const TARGET_REACH = 24;

export function connecting(hand: Hand, start: PointerEvent, node: string, port: string): Gesture {
  const { editor, drawing, surface } = hand;
  let dragged = false;
  let target: string | undefined;
  const settle = (): void => {
    drawing.hidePending();
    drawing.markNode(undefined);
    surface.classList.remove("is-connecting");
  };
  return {
    move: (event) => {
      if (!dragged && !isDrag(start, event)) return;
      dragged = true;
      surface.classList.add("is-connecting");
      const here = drawing.toLocal(pointOf(event));
      const near = drawing.nodeNear(here, TARGET_REACH);
      target = near !== undefined && near !== node && editor.takesEdges(near) ? near : undefined;
      drawing.markNode(target);
      drawing.showPending(node, port, here, target);
    },
    end: (event) => {
      settle();
      if (!dragged) {
        if (event.pointerType === "touch") hand.wishes.arm(node, port);
        else hand.wishes.offerNext(node, port, pointOf(event));
        return;
      }
      const here = drawing.toLocal(pointOf(event));
      if (target !== undefined) editor.connect(node, port, target);
      else if (drawing.nodeNear(here, 0) === undefined) {
        const at = snapped({ x: here.x, y: here.y - HEAD_HEIGHT / 2 });
        hand.wishes.offerNext(node, port, pointOf(event), at);
      }
    },
    cancel: settle,
  };
}

/** The tap after a way out was tapped: a card is where it leads, anything else lets go of it. */
export function connectingTo(
  hand: Hand,
  way: { readonly node: string; readonly port: string },
  thing: Thing | null,
): Gesture {
  return {
    ...RESTING,
    end: () => {
      hand.arm(null);
      if (thing?.kind === "node") hand.editor.connect(way.node, way.port, thing.id);
    },
  };
}
