/** Small comforts of forms: selects and files that submit, buttons that copy, fields that show a chosen file. */

import { toast } from "./toasts";

export function keepForms(): void {
  document.addEventListener("change", (event) => {
    const field = event.target;
    const submits =
      field instanceof HTMLSelectElement || (field instanceof HTMLInputElement && field.type === "file");
    if (submits && field.matches("[data-submit]")) field.form?.requestSubmit();
    if (field instanceof HTMLInputElement && field.matches("[data-file-into]")) void readInto(field);
  });
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-copy]") : null;
    if (button) void copy(button);
  });
}

async function copy(button: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(button.dataset.copy ?? "");
    toast(document.body.dataset.copied ?? "", "good");
  } catch {
    toast(button.dataset.copy ?? "", "good");
  }
}

async function readInto(field: HTMLInputElement): Promise<void> {
  const area = document.querySelector<HTMLTextAreaElement>(field.dataset.fileInto ?? "");
  const file = field.files?.[0];
  if (area && file) area.value = await file.text();
}
