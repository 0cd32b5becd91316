/** What the fields of recent orders hold, asked of the server once, when a form first wants it. */

import type { Server } from "../server";

export interface SamplesAnswer {
  readonly order: { readonly [path: string]: readonly string[] };
  readonly item: { readonly [path: string]: readonly string[] };
  /** Free fields that recent orders carry, as `attributes.<name>`. */
  readonly attributes: readonly string[];
  /** One order to show messages with, as each language writes it; without a number it is a sample. */
  readonly shown: {
    readonly number: string;
    readonly values: { readonly [language: string]: { readonly [path: string]: string } };
  };
}

const NONE: SamplesAnswer = { order: {}, item: {}, attributes: [], shown: { number: "", values: {} } };

export class Samples {
  known: SamplesAnswer = NONE;
  private asked: Promise<void> | undefined;

  constructor(private readonly server: Pick<Server, "samples">) {}

  /** Resolves when they are known; without a server there are none, and the next form asks again. */
  readonly load = (): Promise<void> => {
    this.asked ??= this.server.samples().then(
      (answer) => {
        this.known = answer;
      },
      () => {
        this.asked = undefined;
      },
    );
    return this.asked;
  };

  of(scope: "order" | "item", path: string): readonly string[] {
    return this.known[scope][path] ?? [];
  }
}

/** A message as a recipient reads it: every field replaced by what the shown order holds. */
export function filled(text: string, samples: SamplesAnswer, language: string): string {
  const values = samples.shown.values[language] ?? samples.shown.values.en ?? {};
  return text.replace(/\{([^{}]*)\}/g, (_, path: string) => values[path] ?? "–");
}
