/** Selecting by a box or by a lasso. */

import type { Place } from "../document";
import { h } from "../dom";
import { isInside } from "../editing/arrange";
import { overlaps, type Rect, spanOf } from "../shape";
import { type Gesture, type Hand, isDrag, pointOf } from "./gesture";

const SVG = "http://www.w3.org/2000/svg";

export function boxing(hand: Hand, start: PointerEvent): Gesture {
  const { editor, drawing } = hand;
  const additive = start.shiftKey || start.ctrlKey || start.metaKey;
  const before = additive ? [...editor.selected] : [];
  const written = additive ? [...editor.selectedNotes] : [];
  const origin = drawing.toLocal(pointOf(start));
  const band = h("div", { class: "canvas-band" });
  let dragged = false;
  return {
    move: (event) => {
      if (!dragged && !isDrag(start, event)) return;
      if (!dragged) hand.marks.add(band);
      dragged = true;
      const area = spanOf(origin, drawing.toLocal(pointOf(event)));
      hand.marks.lay(band, area);
      const notes = editor.notes.filter((note) => overlaps(note, area)).map((note) => note.id);
      editor.select([...before, ...drawing.nodesIn(area)], [...written, ...notes]);
    },
    end: () => {
      band.remove();
      if (!dragged && !additive) editor.select([]);
    },
    cancel: () => band.remove(),
  };
}

/** The lasso: what it is drawn around is selected, by the middles of cards and notes. */
export function looping(hand: Hand, start: PointerEvent): Gesture {
  const { editor, drawing } = hand;
  const additive = start.shiftKey || start.ctrlKey || start.metaKey;
  const before = additive ? [...editor.selected] : [];
  const written = additive ? [...editor.selectedNotes] : [];
  const loop: Place[] = [drawing.toLocal(pointOf(start))];
  const picture = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "polygon");
  picture.setAttribute("class", "canvas-loop");
  picture.append(line);
  hand.marks.add(picture);
  const within = (rect: Rect): boolean =>
    isInside({ x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 }, loop);
  return {
    move: (event) => {
      loop.push(drawing.toLocal(pointOf(event)));
      const points = loop.map((point) => drawing.toContainer(point));
      line.setAttribute("points", points.map(({ x, y }) => `${x},${y}`).join(" "));
      const notes = editor.notes.filter(within).map((note) => note.id);
      editor.select([...before, ...drawing.nodesWhere(within)], [...written, ...notes]);
    },
    end: () => {
      picture.remove();
      if (hand.isLasso) hand.setLasso(false);
    },
    cancel: () => picture.remove(),
  };
}
