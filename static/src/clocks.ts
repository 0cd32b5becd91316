/** Deadlines that count down: every `[data-due]` tells how long is left, and turns amber, then red. */

const MINUTE = 60_000;
const SOON = 10 * MINUTE;

export function keepClocks(): void {
  tick();
  window.setInterval(tick, 10_000);
  window.setInterval(countSeconds, 1_000);
  document.addEventListener("htmx:load", tick);
}

function tick(): void {
  for (const clock of document.querySelectorAll<HTMLElement>("[data-due]")) show(clock, Date.now());
}

/** What happens in some seconds: the last ones are counted, then it is gone. */
function countSeconds(): void {
  for (const place of document.querySelectorAll<HTMLElement>("[data-seconds-until]")) {
    const left = Math.ceil((Number(place.dataset.secondsUntil) - Date.now()) / 1_000);
    place.textContent = (place.dataset.words ?? "{n}").replace("{n}", String(Math.max(left, 0)));
    if (left <= 0) place.closest("#task")?.querySelector("[data-undo]")?.remove();
  }
}

function show(clock: HTMLElement, now: number): void {
  const left = Number(clock.dataset.due) - now;
  const words = clock.querySelector("span");
  if (!words || Number.isNaN(left)) return;
  clock.classList.toggle("late", left < 0);
  clock.classList.toggle("soon", left >= 0 && left < SOON);
  const pattern = left < 0 ? document.body.dataset.late : document.body.dataset.left;
  words.textContent = (pattern ?? "{time}").replace("{time}", span(Math.abs(left)));
}

/** The largest unit that fits, so that a list of deadlines reads at a glance. */
export function span(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / MINUTE);
  if (minutes < 120) return fill(document.body.dataset.minutes, minutes);
  if (minutes < 48 * 60) return fill(document.body.dataset.hours, Math.floor(minutes / 60));
  return fill(document.body.dataset.days, Math.floor(minutes / 60 / 24));
}

function fill(pattern: string | undefined, number: number): string {
  return (pattern ?? "{n}").replace("{n}", String(number));
}
