/** What those who lead do with ticked rows: hand them to others, or call up whoever leads. */

import type { Wire } from "./wire";
import type { Words } from "./words";

interface Told {
  readonly done?: number;
  readonly missed?: readonly { readonly key: string; readonly order: string; readonly why: string }[];
  readonly detail?: string;
}

export class Deeds {
  private readonly ticked = new Set<string>();
  private readonly form: HTMLFormElement | null;

  constructor(
    root: HTMLElement,
    private readonly wire: Wire,
    private readonly words: Words,
    private readonly changed: () => void,
    private readonly again: () => void,
  ) {
    this.form = root.querySelector("[data-board-many]");
    this.form?.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.send(event.submitter);
    });
    this.form?.querySelector("[data-board-untick]")?.addEventListener("click", () => {
      this.ticked.clear();
      this.told();
    });
  }

  has(key: string): boolean {
    return this.ticked.has(key);
  }

  toggle(key: string): void {
    this.tick(key, !this.ticked.has(key));
  }

  tick(key: string, wanted: boolean): void {
    if (wanted) this.ticked.add(key);
    else this.ticked.delete(key);
    this.say("");
    this.told();
  }

  private told(): void {
    const { form } = this;
    if (form === null) return;
    const count = form.querySelector("[data-board-ticked]");
    if (count !== null) count.textContent = this.words.say("ticked", { n: this.ticked.size });
    form.hidden = this.ticked.size === 0;
    this.changed();
  }

  private async send(button: HTMLElement | null): Promise<void> {
    const { form, words } = this;
    const address = button?.dataset.address;
    if (form === null || address === undefined) return;
    const { to, note } = Object.fromEntries(new FormData(form));
    const keys = [...this.ticked].filter((key) => this.wire.rows.has(key));
    button?.setAttribute("disabled", "");
    try {
      const response = await fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf() },
        body: JSON.stringify({ keys, to, note }),
      });
      const told = (await response.json()) as Told;
      if (response.ok) this.finish(told);
      else this.say(told.detail ?? words.say("failed"));
    } catch {
      this.say(words.say("failed"));
    }
    button?.removeAttribute("disabled");
    this.again();
  }

  /** What could not be done stays ticked, with why. */
  private finish({ done = 0, missed = [] }: Told): void {
    const left = new Set(missed.map((one) => one.key));
    for (const key of this.ticked) if (!left.has(key)) this.ticked.delete(key);
    this.told();
    const { words } = this;
    const sentences = missed.map(({ order, why }) => words.say("missed", { order, why }));
    this.say([words.say("done", { n: done }), ...sentences].join(" "));
    if (this.form !== null && left.size === 0) {
      this.form.reset();
      toast(words.say("done", { n: done }));
    }
  }

  private say(text: string): void {
    const place = this.form?.querySelector("[data-board-told]");
    if (place) place.textContent = text;
  }
}

function toast(text: string): void {
  const told = document.createElement("div");
  told.className = "toast good";
  told.dataset.toast = "";
  told.textContent = text;
  document.getElementById("toasts")?.replaceChildren(told);
}

function csrf(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}
