/**
 * Where the browser keeps what the server does not have yet: a page that is closed or breaks loses nothing. Every page has
 * a shelf of its own, so that two pages never clear away each other's work; the next page that opens takes over all of them.
 */

import { type BrowserStore, keepIfPossible } from "./browser-store";
import type { Line } from "./log";

export class Shelf {
  holds = true;
  private readonly own: string;

  /** `name` is the draft's, `page` the page's own id. */
  constructor(
    private readonly store: BrowserStore,
    private readonly name: string,
    page: string,
  ) {
    this.own = `${name}#${page}`;
  }

  /** Take over what lies on the shelves of all pages of this draft. What cannot be understood is left out. */
  takeOver(): Line[] {
    const shelves = this.store.keys().filter((key) => key === this.name || this.isShelf(key));
    const lines = shelves.flatMap((key) => linesIn(this.store.getItem(key)));
    const once = [...new Map(lines.map((line) => [line.id, line])).values()];
    this.write(once);
    if (this.holds) for (const key of shelves) if (key !== this.own) this.store.removeItem(key);
    return once;
  }

  write(lines: readonly Line[]): void {
    if (lines.length === 0) {
      this.store.removeItem(this.own);
      this.holds = true;
    } else {
      // The store is full or forbidden: the page asks before it is left.
      this.holds = keepIfPossible(this.store, this.own, JSON.stringify(lines));
    }
  }

  private isShelf(key: string): boolean {
    return key.startsWith(`${this.name}#`);
  }
}

function linesIn(text: string | null): Line[] {
  try {
    const found = JSON.parse(text ?? "[]") as unknown;
    return Array.isArray(found) ? (found as unknown[]).filter(isLine) : [];
  } catch {
    return [];
  }
}

function isLine(value: unknown): value is Line {
  if (typeof value !== "object" || value === null) return false;
  const { id, kind, label, change, back } = value as Partial<Record<keyof Line, unknown>>;
  const isKind = kind === "do" || kind === "undo" || kind === "redo";
  return typeof id === "string" && isKind && typeof label === "string" && isObject(change) && isObject(back);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
