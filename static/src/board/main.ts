/** The board: its rows come once, then what changes of them; the countdowns go on by the page's own clock. */

import "../css/board.css";
import { Heartbeat } from "../canvas/live/heartbeat";
import { Desk } from "./desk";
import { Wall } from "./wall";
import { Unanswered, Wire } from "./wire";
import { wordsOf } from "./words";

const TOPICS = ["orders", "tasks"];
const SILENT = 15_000;

const root = document.getElementById("board");
if (root !== null) open(root);

function open(root: HTMLElement): void {
  const words = wordsOf(root);
  const wire = new Wire(root.dataset.rows ?? "", root.dataset.forecast ?? "");
  let signedOut = false;
  const began = Date.now();
  const look = async (): Promise<void> => {
    try {
      const changed = await wire.look();
      signedOut = false;
      if (changed) shown.show();
      root.dataset.heard = "true";
    } catch (error) {
      signedOut = error instanceof Unanswered && (error.status === 401 || error.status === 403);
      throw error;
    }
  };
  const tellLost = (): void => {
    const place = root.querySelector<HTMLElement>("[data-board-lost]");
    const heard = pulse.heard ?? began;
    const lost = pulse.failures > 0 && (signedOut || Date.now() - heard > SILENT);
    if (place === null || (place.hidden && !lost)) return;
    place.hidden = !lost;
    place.textContent = signedOut ? words.say("signed-out") : words.say("lost", { time: words.clock(heard) });
  };
  const shown =
    root.dataset.mode === "wall"
      ? new Wall(root, wire, words)
      : new Desk(root, wire, words, () => pulse.now());
  const pulse = new Heartbeat(look, () => tellLost(), TOPICS);
  pulse.now();
  window.setInterval(() => {
    if (document.hidden) return;
    shown.tick();
    tellLost();
  }, 1_000);
  document.addEventListener("click", closeSide);
}

function closeSide(event: MouseEvent): void {
  if (event.target instanceof Element && event.target.closest("[data-board-side-close]") !== null)
    document.getElementById("board-side")?.replaceChildren();
}
