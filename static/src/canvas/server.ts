/** The canvas' own addresses at the server. */

import type { FlowDocument } from "./document";
import type { Problem } from "./editor";
import type { Palette } from "./palette-types";

export interface Addresses {
  readonly palette: string;
  readonly draft: string;
  readonly publication: string;
}

export interface Live {
  readonly version: number;
  readonly fingerprint: string;
}

export interface DraftAnswer {
  readonly document: FlowDocument;
  readonly rev: number;
  readonly problems: readonly Problem[];
  readonly published: Live | null;
  readonly fingerprint: string | null;
}

export interface SavedAnswer {
  readonly rev: number;
  readonly problems: readonly Problem[];
  readonly fingerprint: string | null;
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
  readonly rev?: number;
  readonly who?: string;
  readonly at?: string;
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

  draft(): Promise<DraftAnswer> {
    return this.ask<DraftAnswer>("GET", this.addresses.draft);
  }

  save(document: FlowDocument, rev: number, leaving = false): Promise<SavedAnswer> {
    return this.ask<SavedAnswer>("PUT", this.addresses.draft, { document, rev }, leaving);
  }

  publish(note: string): Promise<PublishedAnswer> {
    return this.ask<PublishedAnswer>("POST", this.addresses.publication, { note });
  }

  private async ask<T>(method: string, address: string, body?: unknown, keepalive = false): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json", "X-CSRFToken": this.token };
    const request: RequestInit = { method, headers, keepalive, credentials: "same-origin" };
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
