/** The canvas' own addresses at the server. */

import type { Change } from "./changes";
import type { FlowDocument, Json } from "./document";
import type { Problem } from "./editor";
import type { Kind, Line, NumberedLine } from "./log";
import type { CountsAnswer, CountsAsked } from "./form/counts";
import type { SamplesAnswer } from "./form/samples";
import type { Palette } from "./palette-types";
import type { WhoseOrders } from "./supply";

export interface Addresses {
  readonly palette: string;
  readonly draft: string;
  readonly presence: string;
  readonly publication: string;
  readonly versions: string;
  readonly samples: string;
  readonly counts: string;
}

export interface Live {
  readonly version: number;
  readonly fingerprint: string;
}

/** The flow's own document, what was published or imported last: which one, by whom, when. */
export interface Trunk {
  readonly rev: number;
  readonly who: string;
  readonly by: string;
  readonly at: string;
}

/** Somebody else at the flow: whether they have it open, where, and how many of their changes are not published. */
export interface Somebody {
  readonly name: string;
  readonly who: string;
  readonly here: boolean;
  readonly node: string | null;
  readonly changes: number;
  readonly at: string | null;
}

interface Around {
  readonly trunk: Trunk;
  readonly others: readonly Somebody[];
}

export interface DraftAnswer extends Around {
  readonly document: FlowDocument;
  readonly rev: number;
  readonly base_rev: number;
  readonly differs: boolean;
  readonly log: readonly NumberedLine[];
  readonly problems: readonly Problem[];
  readonly published: Live | null;
  readonly fingerprint: string | null;
  readonly authors: readonly string[];
}

export interface SavedAnswer {
  readonly rev: number;
  readonly base_rev: number;
  readonly problems: readonly Problem[];
  readonly fingerprint: string | null;
}

export interface AroundAnswer extends Around {
  readonly rev: number;
  readonly changes: readonly NumberedLine[];
}

export interface Conflict {
  readonly cell: string;
  readonly mine: Json;
  readonly theirs: Json;
}

export interface MergeAnswer {
  readonly change: Change;
  readonly conflicts: readonly Conflict[];
  readonly trunk: Trunk;
  /** The flow's own document. */
  readonly document: FlowDocument;
}

export interface Moment {
  readonly number: number;
  readonly at: string;
  readonly who: string;
  readonly kind: Kind;
  readonly label: string;
}

export interface Version {
  readonly number: number;
  readonly note: string;
  readonly who: string;
  readonly at: string;
  readonly fingerprint: string;
}

export interface PublishedAnswer {
  readonly version: number;
  readonly fingerprint: string;
  readonly problems: readonly Problem[];
  /** Orders that still go by earlier versions, and the page that moves them. */
  readonly behind?: { readonly orders: number; readonly address: string };
}

/** What the server refuses: an RFC 9457 problem document, or just a status. */
export interface Refusal {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly problems: readonly Problem[];
  /** Why a change was not stored: this page is behind its draft, or the draft behind the flow. */
  readonly reason?: "behind" | "overtaken";
  readonly changes?: readonly NumberedLine[];
  readonly trunk?: Trunk;
}

export class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.title);
  }
}

export class Server {
  constructor(
    private readonly addresses: Addresses,
    private readonly token: string,
    private readonly language: string,
  ) {}

  palette(): Promise<Palette> {
    return this.ask<Palette>("GET", `${this.addresses.palette}?lang=${encodeURIComponent(this.language)}`);
  }

  /** The asker's draft, or that of somebody else to be looked at. */
  draft(of?: string): Promise<DraftAnswer> {
    const whose = of === undefined ? "" : `?of=${encodeURIComponent(of)}`;
    return this.ask<DraftAnswer>("GET", `${this.addresses.draft}${whose}`);
  }

  change(
    page: string,
    rev: number,
    baseRev: number,
    edits: readonly Line[],
    leaving = false,
  ): Promise<SavedAnswer> {
    // The way back is found by the server itself.
    const sent = edits.map(({ id, kind, label, series, change, by, onto }) => {
      return { id, kind, label, series, change, by, onto };
    });
    const told = { page, rev, base_rev: baseRev, edits: sent };
    return this.ask<SavedAnswer>("POST", `${this.addresses.draft}/changes`, told, leaving);
  }

  lookAround(page: string, node: string | null, rev: number): Promise<AroundAnswer> {
    return this.ask<AroundAnswer>("POST", this.addresses.presence, { page, node, rev });
  }

  merge(of?: string): Promise<MergeAnswer> {
    return this.ask<MergeAnswer>("POST", `${this.addresses.draft}/merge`, { of: of ?? null });
  }

  async history(before?: number): Promise<{ lines: readonly Moment[]; more: boolean }> {
    const from = before === undefined ? "" : `?before=${before}`;
    return this.ask("GET", `${this.addresses.draft}/history${from}`);
  }

  async moment(number: number): Promise<FlowDocument> {
    return (await this.ask<{ document: FlowDocument }>("GET", `${this.addresses.draft}/moments/${number}`))
      .document;
  }

  async versions(): Promise<readonly Version[]> {
    return (await this.ask<{ versions: readonly Version[] }>("GET", this.addresses.versions)).versions;
  }

  async version(number: number): Promise<FlowDocument> {
    return (await this.ask<{ document: FlowDocument }>("GET", `${this.addresses.versions}/${number}`))
      .document;
  }

  /** Whose orders the draft would get if it were published now. */
  whoseOrders(): Promise<WhoseOrders> {
    return this.ask<WhoseOrders>("GET", this.addresses.publication);
  }

  /** Publish the draft; with `takeOver` its channels come over from the flows that took them until now. */
  publish(note: string, rev: number, takeOver = false): Promise<PublishedAnswer> {
    const told = { note, rev, take_over: takeOver };
    return this.ask<PublishedAnswer>("POST", this.addresses.publication, told);
  }

  /** What the fields of recent orders hold. */
  samples(): Promise<SamplesAnswer> {
    return this.ask<SamplesAnswer>("GET", this.addresses.samples);
  }

  /** By which ways the last orders would leave a step that is set like this. */
  counts(asked: CountsAsked, signal: AbortSignal): Promise<CountsAnswer> {
    return this.ask<CountsAnswer>("POST", this.addresses.counts, asked, false, signal);
  }

  private async ask<T>(
    method: string,
    address: string,
    body?: unknown,
    keepalive = false,
    signal?: AbortSignal,
  ): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json", "X-CSRFToken": this.token };
    const request: RequestInit = { method, headers, keepalive, credentials: "same-origin" };
    if (signal !== undefined) request.signal = signal;
    if (body !== undefined) {
      headers["Content-Type"] = "application/json";
      request.body = JSON.stringify(body);
    }
    const response = await fetch(address, request);
    const answer: unknown = await response.json().catch(() => null);
    if (response.ok && answer !== null) return answer as T;
    throw new Refused(refusalOf(response.status, response.statusText, answer));
  }
}

function refusalOf(status: number, statusText: string, answer: unknown): Refusal {
  const told = (typeof answer === "object" && answer !== null ? answer : {}) as Partial<Refusal>;
  return {
    ...told,
    status,
    title: told.title ?? statusText,
    detail: told.detail ?? "",
    problems: told.problems ?? [],
  };
}
