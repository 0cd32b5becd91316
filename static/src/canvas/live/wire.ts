/** What the live canvas asks the server for. Times are milliseconds since the epoch. */

import type { FlowDocument } from "../document";

export type Rest =
  "go" | "person" | "hold" | "held" | "queued" | "system" | "time" | "retry" | "join" | "failed";

/** The orders at one step: how many wait for what, since when, and how many are late or soon will be. */
export interface Crowd {
  readonly number: number;
  readonly rests: { readonly [rest in Rest]?: number };
  readonly oldest: number;
  readonly median: number | null;
  readonly tenth: number | null;
  readonly late: number;
  readonly soon: number;
}

export type Span = "hour" | "day" | "week";

export interface Standing {
  readonly version: number;
  readonly window: Span;
  /** By step; under the empty name what has not begun. */
  readonly nodes: { readonly [node: string]: Crowd };
  readonly ways: readonly (readonly [node: string, port: string, count: number])[];
  readonly counted: number;
  readonly cut: boolean;
  readonly older: { readonly orders: number; readonly address: string };
}

export interface OrderLine {
  readonly run: string;
  readonly number: string;
  readonly channel: string;
  readonly buyer: string;
  readonly total: string;
  readonly state: string;
  readonly state_name: string;
  readonly received: number;
  readonly address: string | null;
  readonly rest?: Rest;
  readonly since?: number;
  readonly due?: number | null;
}

export interface OrderPage {
  readonly orders: readonly OrderLine[];
  readonly number: number;
  readonly more: string | null;
}

export type Tone = "done" | "waiting" | "failed" | "cancelled" | "plain";

/** One try of one step of an order's way; what people did between steps has no node. */
export interface Visit {
  readonly trace: string;
  readonly node: string;
  readonly name: string;
  readonly attempt: number;
  readonly came: number;
  readonly left: number | null;
  readonly tone: Tone;
  readonly out: string;
  readonly ports: readonly string[];
  readonly by: string;
  readonly why: readonly string[];
  readonly facts: readonly (readonly [label: string, value: string])[];
}

export interface Journey {
  readonly order: OrderLine;
  readonly version: number;
  readonly is_published: boolean;
  readonly document: FlowDocument;
  readonly visits: readonly Visit[];
  readonly standings: readonly { readonly node: string; readonly text: string; readonly remedy: string }[];
  readonly ended: number | null;
}

/** Which orders a page of orders is asked for: those that stand at a step, or those that went by a way. */
export interface Asked {
  readonly node: string;
  readonly port?: string;
  readonly only?: string;
}

export interface Addresses {
  readonly standing: string;
  readonly document: string;
  readonly orders: string;
  readonly search: string;
  readonly journeys: string;
}

export class Unanswered extends Error {
  constructor(readonly status: number) {
    super(`the server answered ${status}`);
  }
}

export class Wire {
  private etag = "";
  private known: { readonly span: Span; readonly standing: Standing | null } | undefined;

  constructor(private readonly addresses: Addresses) {}

  /** Where orders stand now; the very same object while nothing has changed. Null: never published. */
  async standing(span: Span): Promise<Standing | null> {
    const known = this.known?.span === span ? this.known : undefined;
    const headers: Record<string, string> = { Accept: "application/json" };
    if (known !== undefined) headers["If-None-Match"] = this.etag;
    const address = `${this.addresses.standing}?window=${span}`;
    const response = await fetch(address, { headers, cache: "no-store", credentials: "same-origin" });
    if (response.status === 304 && known !== undefined) return known.standing;
    if (!response.ok) throw new Unanswered(response.status);
    const told = (await response.json()) as Standing | { readonly version: null };
    const standing = told.version === null ? null : (told as Standing);
    this.etag = response.headers.get("ETag") ?? "";
    this.known = { span, standing };
    return standing;
  }

  /** The page of all orders. */
  get ordersPage(): string {
    return this.addresses.journeys;
  }

  document(): Promise<{ readonly version: number; readonly document: FlowDocument }> {
    return this.ask(this.addresses.document);
  }

  orders(asked: Asked, span: Span, after: string | null): Promise<OrderPage> {
    const told = new URLSearchParams({ node: asked.node, window: span });
    if (asked.port !== undefined) told.set("port", asked.port);
    if (asked.only !== undefined) told.set("only", asked.only);
    if (after !== null) told.set("after", after);
    return this.ask(`${this.addresses.orders}?${told}`);
  }

  async search(text: string): Promise<readonly OrderLine[]> {
    const told = new URLSearchParams({ q: text });
    return (await this.ask<{ orders: readonly OrderLine[] }>(`${this.addresses.search}?${told}`)).orders;
  }

  journey(run: string): Promise<Journey> {
    return this.ask(`${this.addresses.journeys}/${encodeURIComponent(run)}/journey`);
  }

  private async ask<T>(address: string): Promise<T> {
    const headers = { Accept: "application/json" };
    const response = await fetch(address, { headers, credentials: "same-origin" });
    if (!response.ok) throw new Unanswered(response.status);
    return (await response.json()) as T;
  }
}
