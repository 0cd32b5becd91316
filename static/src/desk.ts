/** The failure desk: j and k walk the rows, x ticks, Enter opens, e edits the data, r tries again, s goes on behind it, c closes. */

import { isWriting } from "./inbox";

export function keepDesk(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (document.querySelector("[data-many], [data-mending], [data-row]") && act(event.key))
      event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-reasoned]") : null;
    const reason = button?.closest("form")?.querySelector<HTMLInputElement>("[name=reason]");
    if (!reason || reason.value.trim() !== "") return;
    // Asked for here, so that nothing that is ticked or typed is lost on the way to the server and back.
    event.preventDefault();
    reason.required = true;
    reason.reportValidity();
    reason.required = false;
    reason.focus();
  });
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement)) return;
    if (field.matches("[data-tick-all]")) for (const tick of ticks()) tick.checked = field.checked;
    if (field.matches("[data-tick], [data-tick-all]")) tell();
  });
}

function act(key: string): boolean {
  switch (key) {
    case "j":
      return walk(1);
    case "k":
      return walk(-1);
    case "x":
      return tick();
    case "r":
      return press("retry", false);
    case "s":
      return press("skip", true);
    case "c":
      return press("close", true);
    case "e":
      return press("edit", false);
    default:
      return false;
  }
}

function rows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("[data-row]")];
}

function ticks(): HTMLInputElement[] {
  return [...document.querySelectorAll<HTMLInputElement>("[data-tick]")];
}

function walk(step: number): boolean {
  const all = rows();
  const at = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  next?.querySelector<HTMLElement>(".row-link")?.focus();
  return next !== undefined;
}

function tick(): boolean {
  const box = document.activeElement?.closest("[data-row]")?.querySelector<HTMLInputElement>("[data-tick]");
  if (!box) return false;
  box.checked = !box.checked;
  tell();
  return true;
}

/** What needs a reason leads to its field until one is written. */
function press(name: string, reasoned: boolean): boolean {
  const button = document.querySelector<HTMLElement>(`[data-act="${name}"]`);
  const reason = button?.closest("form")?.querySelector<HTMLInputElement>("[name=reason]");
  if (!button) return false;
  if (reasoned && reason?.value.trim() === "") reason.focus();
  else button.click();
  return true;
}

function tell(): void {
  const place = document.querySelector<HTMLElement>("[data-ticked]");
  const number = ticks().filter((box) => box.checked).length;
  if (place) place.textContent = number ? (place.dataset.words ?? "").replace("{n}", String(number)) : "";
}
