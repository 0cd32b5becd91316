/** Ticked tasks are decided alike. The list comes anew every few seconds: what is ticked stays so as long as it is there. */

const ticked = new Set<string>();

export function keepTicks(): void {
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !box.matches("[data-tick-task]")) return;
    if (box.checked) ticked.add(box.value);
    else ticked.delete(box.value);
    tell();
  });
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest("[data-tick-all-tasks]")) tickAll(true);
    if (event.target.closest("[data-untick-tasks]")) tickAll(false);
  });
  document.addEventListener("htmx:afterSwap", () => {
    const boxes = all();
    const there = new Set(boxes.map((box) => box.value));
    for (const trace of ticked) if (!there.has(trace)) ticked.delete(trace);
    for (const box of boxes) box.checked = ticked.has(box.value);
    tell();
  });
}

function all(): HTMLInputElement[] {
  return [...document.querySelectorAll<HTMLInputElement>("[data-tick-task]")];
}

function tickAll(wanted: boolean): void {
  for (const box of all()) {
    box.checked = wanted;
    if (wanted) ticked.add(box.value);
    else ticked.delete(box.value);
  }
  tell();
}

function tell(): void {
  const form = document.querySelector<HTMLElement>("[data-many-tasks]");
  if (form === null) return;
  form.hidden = ticked.size === 0;
  const place = form.querySelector<HTMLElement>("[data-many-count]");
  if (place) place.textContent = (place.dataset.words ?? "").replace("{n}", String(ticked.size));
}
