/** The few dialogs of the canvas: publishing. */

import { button, freshId, h } from "./dom";
import type { Say } from "./words";

export function showDialog(
  title: string,
  say: Say,
  ...content: readonly (Node | string)[]
): HTMLDialogElement {
  const id = freshId("dialog");
  const dialog = h(
    "dialog",
    { class: "canvas-dialog", "aria-labelledby": id },
    h(
      "header",
      {},
      h("h2", { id }, title),
      button(say("close"), () => dialog.close(), { icon: "close", class: "button quiet icon-only" }),
    ),
    ...content,
  );
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Show what goes out, ask for a note and publish; a promise that fails keeps the dialog open and says why. */
export function askToPublish(
  say: Say,
  goesOut: Promise<readonly Node[]>,
  publish: (note: string) => Promise<void>,
): HTMLDialogElement {
  const id = freshId("note");
  const note = h("textarea", {
    class: "textarea",
    id,
    rows: 3,
    maxlength: 500,
    placeholder: say("publishNotePlaceholder"),
  });
  const failure = h("p", { class: "dialog-failure", role: "alert" });
  const out = h("div", { class: "goes-out", "aria-live": "polite" });
  goesOut
    .then((told) => out.replaceChildren(...told))
    .catch((error: Error) => {
      failure.textContent = error.message;
    });
  const confirm = h("button", { type: "submit", class: "button primary" }, say("publish"));
  const form = h(
    "form",
    {
      method: "dialog",
      submit: (event: SubmitEvent) => {
        event.preventDefault();
        confirm.disabled = true;
        publish(note.value.trim())
          .then(() => dialog.close())
          .catch((error: Error) => {
            failure.textContent = error.message;
            confirm.disabled = false;
          });
      },
    },
    h("p", {}, say("publishText")),
    out,
    h("div", { class: "field" }, h("label", { for: id }, say("publishNote")), note),
    failure,
    h(
      "footer",
      {},
      button(say("cancel"), () => dialog.close(), { class: "button", text: true }),
      confirm,
    ),
  );
  const dialog = showDialog(say("publishTitle"), say, form);
  note.focus();
  return dialog;
}
