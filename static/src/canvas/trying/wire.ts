/** What trying asks the server for. */

import type { FlowDocument, Json, Words } from "../document";
import type { Editor } from "../editor";

export type Truth = boolean | null;

export interface Clause {
  readonly kind: "all" | "any" | "not" | "any_item" | "every_item" | "item" | "clause";
  readonly where: string;
  readonly truth: Truth;
  readonly path: string;
  readonly field: string;
  readonly op: string;
  readonly wanted: string;
  readonly seen: string;
  readonly reason: "" | "missing" | "null" | "masked" | "other_currency" | "other_kind";
  readonly parts: readonly Clause[];
}

export interface Change {
  readonly path: string;
  readonly label: string;
  readonly before: string;
  readonly after: string;
  /** As an order document holds it; without one the field is not told at all. */
  readonly value?: Json;
}

export interface Answer {
  readonly node: string;
  readonly decision?: "approve" | "reject";
  readonly port?: string;
  readonly kind?: string;
  readonly due?: true;
}

export interface Step {
  readonly node: string;
  /** What the step and its ways are called where it lies inside a sub-flow; the flow's own are known to the page. */
  readonly inside: { readonly name: string; readonly ways: { readonly [port: string]: string } } | null;
  readonly attempt: number;
  readonly left: readonly string[];
  readonly rest: string;
  readonly waited: string;
  readonly until: string | null;
  readonly policy: boolean;
  readonly finish: "" | "done" | "cancelled";
  readonly reason: string;
  readonly failed: string;
  readonly blocked: string;
  readonly changes: readonly Change[];
  readonly notes: readonly string[];
  readonly asked: { readonly title: string } | null;
  readonly sent: readonly { readonly to: string; readonly content: readonly (readonly [string, string])[] }[];
  readonly given: number | null;
  readonly why: readonly (Clause & { readonly way: string })[];
  readonly others: readonly {
    readonly way: string;
    readonly name: string;
    readonly changes: readonly Change[];
  }[];
}

export interface Outcome {
  readonly path: readonly string[];
  readonly state: string;
}

export interface Case {
  readonly name: Words;
  readonly order: { readonly [name: string]: Json };
  readonly answers?: readonly Answer[];
  readonly expect: Outcome;
}

export interface Trial {
  readonly state: string;
  readonly state_name: string;
  readonly cut: boolean;
  readonly values: readonly (readonly [path: string, label: string, value: string])[];
  readonly steps: readonly Step[];
  readonly answers: readonly Answer[];
  readonly case: Omit<Case, "name">;
}

export interface Verdict {
  readonly verdict: "pass" | "fail" | "blocked";
  readonly got: Outcome | null;
  readonly why: string;
}

export interface Found {
  readonly run: string;
  readonly number: string;
  readonly channel: string;
  readonly total: string;
  readonly state: string;
}

/** The order that is tried: an order document, text as it was typed, or a real order with some fields changed. */
export type Source =
  | { readonly order: Case["order"] }
  | { readonly text: string }
  | {
      readonly run: string;
      readonly edits: readonly { readonly path: string; readonly value?: Json }[];
    };

/** Why the server would not try: what is wrong, each with its place. */
export class Refusal extends Error {
  constructor(
    title: string,
    readonly lines: readonly string[],
  ) {
    super(title);
  }
}

interface ToldRefusal {
  readonly title?: string;
  readonly detail?: string;
  readonly problems?: readonly { readonly where?: string; readonly text: string; readonly remedy?: string }[];
}

export class TryWire {
  constructor(
    private readonly addresses: { readonly try: string; readonly cases: string },
    private readonly token: string,
    private readonly editor: Editor,
  ) {}

  run(source: Source, answers: readonly Answer[]): Promise<Trial> {
    return this.ask(this.addresses.try, { document: this.editor.document, answers, ...source });
  }

  async cases(document: FlowDocument): Promise<readonly Verdict[]> {
    return (await this.ask<{ cases: readonly Verdict[] }>(this.addresses.cases, { document })).cases;
  }

  async sample(): Promise<string> {
    return (await this.ask<{ text: string }>(`${this.addresses.try}/sample`)).text;
  }

  async find(text: string): Promise<readonly Found[]> {
    const asked = new URLSearchParams({ q: text });
    return (await this.ask<{ orders: readonly Found[] }>(`${this.addresses.try}/orders?${asked}`)).orders;
  }

  private async ask<T>(address: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json", "X-CSRFToken": this.token };
    const request: RequestInit = { headers, credentials: "same-origin" };
    if (body !== undefined) {
      request.method = "POST";
      headers["Content-Type"] = "application/json";
      request.body = JSON.stringify(body);
    }
    const { say } = this.editor;
    const response = await fetch(address, request).catch(() => null);
    if (response === null) throw new Refusal(say("tryOffline"), []);
    const answer: unknown = await response.json().catch(() => null);
    if (response.ok && answer !== null) return answer as T;
    const told = (answer ?? {}) as ToldRefusal;
    const lines = (told.problems ?? []).map((one) =>
      [one.where, `${one.text} ${one.remedy ?? ""}`.trim()].filter((part) => part).join(": "),
    );
    throw new Refusal(told.title ?? say("tryRefused"), lines);
  }
}
