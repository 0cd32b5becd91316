/** Files that are dropped, or text that is pasted, anywhere on a page that waits for them. */

export function keepDrops(): void {
  document.addEventListener("dragover", (event) => {
    const place = placeOf(event.target);
    if (!place || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    place.classList.add("is-over");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) leave();
  });
  document.addEventListener("drop", (event) => {
    const field = fieldOf(placeOf(event.target)?.dataset.drop);
    const files = event.dataTransfer?.files;
    leave();
    if (!(field instanceof HTMLInputElement) || !files?.length) return;
    event.preventDefault();
    field.files = files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.addEventListener("paste", (event) => {
    const field = fieldOf(document.querySelector<HTMLElement>("[data-paste]")?.dataset.paste);
    const text = event.clipboardData?.getData("text/plain");
    if (!(field instanceof HTMLTextAreaElement) || !text || isField(event.target)) return;
    event.preventDefault();
    field.value = text;
    field.focus();
  });
}

function placeOf(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>("[data-drop]") : null;
}

function fieldOf(selector: string | undefined): Element | null {
  return selector ? document.querySelector(selector) : null;
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

function leave(): void {
  for (const place of document.querySelectorAll(".is-over")) place.classList.remove("is-over");
}
