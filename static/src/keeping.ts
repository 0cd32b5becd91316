/**
 * What somebody typed and has not sent is kept with the tab: over a reload, a lost connection, and a sign-in that ran out.
 * It is forgotten when it was sent, and when somebody signs out. Fields carry `data-keep`, whose and what it is about.
 */

const KEPT = "kept ";

type Field = HTMLInputElement | HTMLTextAreaElement;

export function keepTyped(): void {
  restore(document);
  document.addEventListener("htmx:load", (event) => {
    if (event.target instanceof Element) restore(event.target);
  });
  document.addEventListener("input", (event) => {
    if (isField(event.target)) keep(event.target);
  });
  // Before the answer is shown: what takes the form's place finds nothing to restore.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event instanceof CustomEvent) forgetSent(event.detail.elt, event.detail.xhr);
  });
  document.addEventListener("submit", (event) => {
    if (
      event.target instanceof HTMLFormElement &&
      event.target.matches("[action$='/sign-out'], [action$='/duty']")
    )
      for (const key of Object.keys(sessionStorage)) if (key.startsWith(KEPT)) sessionStorage.removeItem(key);
  });
}

function forgetSent(form: unknown, answer: unknown): void {
  const sent = answer instanceof XMLHttpRequest && answer.status >= 200 && answer.status < 300;
  if (sent && form instanceof HTMLFormElement)
    for (const field of fieldsIn(form)) sessionStorage.removeItem(keyOf(field));
}

function restore(place: ParentNode): void {
  for (const field of fieldsIn(place)) {
    const kept = sessionStorage.getItem(keyOf(field));
    if (kept === null) continue;
    if (isChoice(field)) field.checked = true;
    else if (field.value === "") field.value = kept;
  }
}

function keep(field: Field): void {
  const told = isChoice(field) ? field.checked : field.value !== "";
  try {
    if (told) sessionStorage.setItem(keyOf(field), field.value);
    else sessionStorage.removeItem(keyOf(field));
  } catch {
    // The browser has no room for it: it is as it was without us.
  }
}

function fieldsIn(place: ParentNode): Field[] {
  return [...place.querySelectorAll("[data-keep]")].filter(isField);
}

function isField(what: unknown): what is Field {
  return (
    (what instanceof HTMLInputElement || what instanceof HTMLTextAreaElement) &&
    what.dataset.keep !== undefined
  );
}

function isChoice(field: Field): field is HTMLInputElement {
  return field instanceof HTMLInputElement && field.type === "checkbox";
}

function keyOf(field: Field): string {
  return `${KEPT}${field.dataset.keep ?? ""} ${field.name}${isChoice(field) ? ` ${field.value}` : ""}`;
}
