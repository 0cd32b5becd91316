/** In a comment, @ and some letters offer colleagues: arrows choose, Enter or Tab takes, Escape leaves. Chosen files are told. */

interface Colleague {
  readonly name: string;
  readonly shown: string;
}

const AT = /(^|[^\w.-])@([^\s@]{0,32})$/u;
const WAIT = 120;

export function keepMentions(): void {
  let waits = 0;
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLTextAreaElement) || field.dataset.mentions === undefined) return;
    window.clearTimeout(waits);
    waits = window.setTimeout(() => void offer(field), WAIT);
  });
  // Before the keys of the page: while colleagues are offered, Enter and Escape are theirs.
  document.addEventListener(
    "keydown",
    (event) => {
      const field = event.target;
      if (!(field instanceof HTMLTextAreaElement) || field.dataset.mentions === undefined) return;
      if (act(field, event.key)) {
        event.preventDefault();
        event.stopImmediatePropagation();
      } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) field.form?.requestSubmit();
    },
    true,
  );
  document.addEventListener("focusout", (event) => {
    if (event.target instanceof HTMLTextAreaElement && event.target.dataset.mentions !== undefined)
      close(event.target);
  });
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field instanceof HTMLInputElement && field.matches("[data-chooses]")) tellChosen(field);
  });
}

async function offer(field: HTMLTextAreaElement): Promise<void> {
  const begun = AT.exec(field.value.slice(0, field.selectionStart))?.[2];
  if (begun === undefined) {
    close(field);
    return;
  }
  const answer = await fetch(`${field.dataset.mentions ?? ""}?q=${encodeURIComponent(begun)}`, {
    headers: { Accept: "application/json" },
  }).catch(() => null);
  if (!answer?.ok || document.activeElement !== field) return;
  const found = (await answer.json()) as readonly Colleague[];
  close(field);
  if (found.length > 0) show(field, found);
}

function show(field: HTMLTextAreaElement, found: readonly Colleague[]): void {
  const list = document.createElement("ul");
  list.id = `${field.id}-colleagues`;
  list.className = "mention-offer";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", field.dataset.mentionsLabel ?? "");
  for (const [number, one] of found.entries()) {
    const item = document.createElement("li");
    item.id = `${list.id}-${number}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", String(number === 0));
    item.dataset.called = found.some((other) => other !== one && other.shown === one.shown)
      ? one.name
      : one.shown;
    const shown = document.createElement("strong");
    shown.textContent = one.shown;
    const name = document.createElement("span");
    name.className = "faint small";
    name.textContent = one.name;
    item.append(shown, name);
    // Before the field loses its focus, which would close the list.
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      take(field, item);
    });
    list.append(item);
  }
  field.after(list);
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-expanded", "true");
  field.setAttribute("aria-activedescendant", `${list.id}-0`);
}

function act(field: HTMLTextAreaElement, key: string): boolean {
  const items = [...(listOf(field)?.children ?? [])] as HTMLElement[];
  const at = items.findIndex((item) => item.ariaSelected === "true");
  const chosen = items[at];
  if (!chosen) return false;
  switch (key) {
    case "ArrowDown":
      return select(field, items, (at + 1) % items.length);
    case "ArrowUp":
      return select(field, items, (at - 1 + items.length) % items.length);
    case "Enter":
    case "Tab":
      take(field, chosen);
      return true;
    case "Escape":
      close(field);
      return true;
    default:
      return false;
  }
}

function select(field: HTMLTextAreaElement, items: readonly HTMLElement[], at: number): boolean {
  for (const [number, item] of items.entries()) item.ariaSelected = String(number === at);
  field.setAttribute("aria-activedescendant", items[at]?.id ?? "");
  return true;
}

function take(field: HTMLTextAreaElement, item: HTMLElement): void {
  const end = field.selectionStart;
  const begun = AT.exec(field.value.slice(0, end))?.[2] ?? "";
  field.setRangeText(`@${item.dataset.called ?? ""} `, end - begun.length - 1, end, "end");
  close(field);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

function close(field: HTMLTextAreaElement): void {
  listOf(field)?.remove();
  for (const name of ["aria-controls", "aria-expanded", "aria-activedescendant"]) field.removeAttribute(name);
}

function listOf(field: HTMLTextAreaElement): HTMLElement | null {
  return document.getElementById(`${field.id}-colleagues`);
}

function tellChosen(field: HTMLInputElement): void {
  const place = field.closest("label")?.querySelector<HTMLElement>("[data-chosen]");
  const files = [...(field.files ?? [])];
  if (!place || files.length === 0) return;
  const [only] = files;
  place.textContent =
    files.length === 1 && only
      ? only.name
      : (place.dataset.chosen ?? "").replace("{n}", String(files.length));
}
