/** The year of a calendar by keys: one day of it is in the order of the Tab key, the arrows go from day to day. */

const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowUp: -7,
  ArrowDown: 7,
};
const MONTHS: Readonly<Record<string, number>> = { PageUp: -1, PageDown: 1 };

export function keepYears(): void {
  settle();
  document.addEventListener("htmx:afterSettle", settle);
  document.addEventListener("focusin", (event) => {
    const day = dayOf(event.target);
    if (day) onlyThis(day);
  });
  document.addEventListener("keydown", (event) => {
    const day = dayOf(event.target);
    const wanted = day && isPlain(event) ? dayAt(day.id, event.key) : null;
    if (!wanted) return;
    event.preventDefault();
    document.getElementById(wanted)?.focus();
  });
}

/** The id of the day to which a key leads from this one; null: the key leads nowhere. */
export function dayAt(id: string, key: string): string | null {
  const [, year = 0, month = 0, day = 0] = (/^d-(\d{4})-(\d{2})-(\d{2})$/.exec(id) ?? []).map(Number);
  const step = STEPS[key];
  if (step !== undefined) return idOf(new Date(Date.UTC(year, month - 1, day + step)));
  const months = MONTHS[key];
  if (months === undefined) return null;
  const lastOfMonth = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return idOf(new Date(Date.UTC(year, month - 1 + months, Math.min(day, lastOfMonth))));
}

function idOf(day: Date): string {
  return `d-${day.toISOString().slice(0, 10)}`;
}

function settle(): void {
  const year = document.querySelector("[data-year]");
  const first =
    year?.querySelector<HTMLElement>("a[aria-current=true]") ??
    year?.querySelector<HTMLElement>("a[aria-current=date]") ??
    year?.querySelector<HTMLElement>("a");
  if (first) onlyThis(first);
}

function onlyThis(day: HTMLElement): void {
  for (const other of day.closest("[data-year]")?.querySelectorAll<HTMLElement>("td a") ?? []) {
    other.tabIndex = other === day ? 0 : -1;
  }
}

function dayOf(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>("[data-year] td a") : null;
}

function isPlain(event: KeyboardEvent): boolean {
  return !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
}
