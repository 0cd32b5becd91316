/** Short messages at the foot of the page. They leave by themselves. */

const STAY = 5_000;

export function keepToasts(): void {
  for (const shown of document.querySelectorAll<HTMLElement>("[data-toast]")) leaveLater(shown);
  document.addEventListener("htmx:load", (event) => {
    const loaded = event.target;
    if (!(loaded instanceof HTMLElement)) return;
    for (const shown of loaded.querySelectorAll<HTMLElement>("[data-toast]")) leaveLater(shown);
    if (loaded.matches("[data-toast]")) leaveLater(loaded);
  });
  document.addEventListener("htmx:responseError", () => toast(document.body.dataset.failed ?? "", "bad"));
}

export function toast(text: string, kind: "good" | "bad"): void {
  const shown = make(text, kind);
  if (shown) leaveLater(shown);
}

function make(text: string, kind: string): HTMLElement | null {
  const place = document.getElementById("toasts");
  if (!place || text === "") return null;
  const shown = document.createElement("div");
  shown.className = `toast ${kind}`;
  shown.textContent = text;
  place.append(shown);
  return shown;
}

function leaveLater(shown: HTMLElement): void {
  const seconds = Number(shown.dataset.stay);
  const left = shown.querySelector<HTMLElement>("[data-seconds]");
  if (left) left.dataset.secondsUntil = String(Date.now() + seconds * 1_000);
  window.setTimeout(() => shown.remove(), seconds > 0 ? seconds * 1_000 : STAY);
}
