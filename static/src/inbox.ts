/** The inbox by keyboard: j and k walk, a approves, r rejects, x ticks, u undoes, c claims, t hands over, 1 to 9 choose a reason, o opens the order, g and a number go to a kept filter, / searches. */

import { openDialog } from "./menus";

/** Answers on their way that open another task, and the keys that wait for them. */
let coming: XMLHttpRequest[] = [];
const waiting: string[] = [];

/** These need the open task. */
const OF_THE_TASK = /^[jkarcxto1-9]$/;
const DECIDING = /^[ar]$/;

export function keepInboxKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    if (isWriting(event.target)) {
      if (event.key === "Escape" && event.target instanceof HTMLElement) event.target.blur();
      return;
    }
    if (holdsBack(event) || act(event.key)) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSend", (event) => {
    const { target, xhr } = (event as CustomEvent<{ target: Element; xhr: XMLHttpRequest }>).detail;
    if (target.id === "board") coming.push(xhr);
  });
  document.addEventListener("htmx:afterRequest", () => {
    while (!isComing() && waiting.length > 0) act(waiting.shift() ?? "");
  });
  // Not before it has settled: until then a click would load the whole page.
  document.addEventListener("htmx:afterSettle", () => {
    openFirst();
    document.querySelector("[data-task][aria-current]")?.scrollIntoView({ block: "nearest" });
  });
}

/**
 * A key meant for a task that is not on the screen yet waits for it; a decision is not taken at all before its task can be
 * seen, nor by a key that is held down.
 */
function holdsBack(event: KeyboardEvent): boolean {
  if (going || !OF_THE_TASK.test(event.key)) return false;
  if (DECIDING.test(event.key) && (event.repeat || isComing())) return true;
  if (!isComing()) return false;
  waiting.push(event.key);
  return true;
}

function isComing(): boolean {
  coming = coming.filter(
    (one) => one.readyState > XMLHttpRequest.UNSENT && one.readyState < XMLHttpRequest.DONE,
  );
  return coming.length > 0;
}

function act(key: string): boolean {
  const goes = going && /^\d$/.test(key);
  going = false;
  if (goes) return follow(`[data-go="${key}"]`);
  switch (key) {
    case "/":
      return focus("[data-search]");
    case "?":
      if (document.getElementById("keys")) openDialog("keys");
      return document.getElementById("keys") !== null;
    case "j":
      return walk(1);
    case "k":
      return walk(-1);
    case "a":
      return press("approve");
    case "r":
      return reject();
    case "x":
      return tickTask();
    case "c":
      return follow("[data-claim] button");
    case "t":
      return handOver();
    case "u":
      return undo();
    case "o":
      return follow("[data-order-link]");
    case "g":
      return goOn();
    default:
      return /^[1-9]$/.test(key) && tick(Number(key));
  }
}

/** A task that comes while nothing is open, on a screen that has room beside the list, opens by itself. */
function openFirst(): void {
  const open = document.querySelector("#task > *, [data-task][aria-current]");
  if (!open && matchMedia("(width >= 760px)").matches)
    document.querySelector<HTMLElement>("[data-task]")?.click();
}

/** Whether the last key was `g`: a number behind it is the kept filter of this number, 0 stands for all tasks. */
let going = false;

function goOn(): boolean {
  going = document.querySelector("[data-go]") !== null;
  return going;
}

function walk(step: number): boolean {
  const tasks = [...document.querySelectorAll<HTMLElement>("[data-task]")];
  if (tasks.length === 0) return false;
  const at = tasks.findIndex((task) => task.getAttribute("aria-current") === "true");
  tasks[Math.min(Math.max(at + step, 0), tasks.length - 1)]?.click();
  return true;
}

/** Tick the open task for deciding many at once, or untick it, and go on to the next. */
function tickTask(): boolean {
  const box = document
    .querySelector("[data-task][aria-current]")
    ?.closest("li")
    ?.querySelector<HTMLInputElement>("[data-tick-task]");
  box?.click();
  return Boolean(box);
}

function handOver(): boolean {
  const place = document.querySelector<HTMLDetailsElement>("[data-transfer]");
  if (!place) return false;
  place.open = true;
  place.querySelector("select")?.focus();
  return true;
}

function undo(): boolean {
  const last = [...document.querySelectorAll<HTMLFormElement>("[data-undo]")].at(-1);
  last?.requestSubmit();
  last?.closest("[data-toast]")?.remove();
  return last !== undefined;
}

/** Choose the reason of this number, or take it back. */
function tick(number: number): boolean {
  const reason = document.querySelectorAll<HTMLInputElement>("[data-decide] input[name=reason]")[number - 1];
  reason?.click();
  return reason !== undefined;
}

/** A rejection needs a reason: without one the key leads to where it is written, with one it rejects. */
function reject(): boolean {
  const form = document.querySelector<HTMLFormElement>("[data-decide]");
  if (!form) return false;
  const words = form.querySelector<HTMLInputElement>("#words");
  const told =
    form.querySelector("input[name=reason]:checked") !== null || (words?.value.trim() ?? "") !== "";
  if (told) return press("reject");
  words?.focus();
  return true;
}

function press(decision: string): boolean {
  const button = document.querySelector<HTMLButtonElement>(`[data-decide] button[value="${decision}"]`);
  button?.click();
  return button !== null;
}

function focus(selector: string): boolean {
  const field = document.querySelector<HTMLInputElement>(selector);
  field?.focus();
  field?.select();
  return field !== null;
}

function follow(selector: string): boolean {
  const link = document.querySelector<HTMLElement>(selector);
  link?.click();
  return link !== null;
}

export function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement)
    return !["checkbox", "radio", "button", "submit"].includes(target.type);
  return (
    target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable
  );
}
