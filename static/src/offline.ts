/**
 * Without a connection a bar says so, and what would be sent waits: no form is sent into nothing. It is over when the browser
 * hears of a network again, or when anything is answered. Where it may, the browser keeps a worker for pages without a server.
 */

const WORKER = "/worker.js";
const BAR = "offline";
let lost = false;

export function keepConnection(): void {
  if (!navigator.onLine) lose();
  window.addEventListener("offline", lose);
  window.addEventListener("online", find);
  document.addEventListener("htmx:sendError", lose);
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event instanceof CustomEvent && event.detail.successful === true) find();
  });
  // Before htmx and the browser see it.
  document.addEventListener("submit", wait, true);
  if ("serviceWorker" in navigator && window.isSecureContext)
    window.addEventListener(
      "load",
      () => void navigator.serviceWorker.register(WORKER).catch(() => undefined),
    );
}

function lose(): void {
  lost = true;
  document.documentElement.dataset.offline = "true";
  if (document.getElementById(BAR)) return;
  const bar = document.createElement("div");
  bar.id = BAR;
  bar.className = "offline-bar";
  bar.setAttribute("role", "alert");
  bar.textContent = document.body.dataset.offline ?? "";
  document.body.prepend(bar);
}

function find(): void {
  if (!lost || !navigator.onLine) return;
  lost = false;
  delete document.documentElement.dataset.offline;
  document.getElementById(BAR)?.remove();
}

/** While the network is known to be gone, nothing is sent; a server that does not answer may be tried again. */
function wait(event: SubmitEvent): void {
  const form = event.target;
  if (navigator.onLine || !(form instanceof HTMLFormElement) || form.method !== "post") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  lose();
  const bar = document.getElementById(BAR);
  bar?.classList.remove("again");
  void bar?.offsetWidth; // the animation begins anew
  bar?.classList.add("again");
}
