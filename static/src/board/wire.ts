/** What the board asks the server: all rows at first, then what has changed; and by how much the own clock is wrong. */

import { type Answer, readRows, type Row, type Spreads } from "./rows";
import type { Spread } from "./forecast";

export class Unanswered extends Error {
  constructor(readonly status: number) {
    super(`answered ${status}`);
  }
}

export interface Rate {
  readonly looked: number;
  readonly predicted: number;
  readonly hits: number;
  readonly late: number;
}

export interface Forecast {
  readonly mark: string;
  readonly spreads: Readonly<Record<string, Spread>>;
  readonly rate: Rate;
  readonly known: number;
  readonly fewest: number;
}

const PATIENCE = 20_000;

export class Wire {
  /** Every row by its key. The same map is kept: rows are replaced, never piled up. */
  readonly rows = new Map<string, Row>();
  forecast: Forecast | undefined;
  spreads: Spreads = new Map();
  private mark = "";
  private forecastMark = "";
  private skew = 0;
  private surest = Infinity;

  constructor(
    private readonly address: string,
    private readonly forecastAddress: string,
  ) {}

  /** The server's time in milliseconds. */
  now(): number {
    return Date.now() + this.skew;
  }

  /** Bring the rows up to date. Whether anything has changed. */
  async look(): Promise<boolean> {
    const answer = await this.ask(this.mark === "" ? {} : { since: this.mark });
    if (answer === null) return false;
    if (answer.after !== "" && answer.after === this.mark) this.change(answer);
    else await this.begin(answer);
    this.mark = answer.mark;
    if (answer.forecast !== this.forecastMark) await this.foretell();
    return true;
  }

  private change(answer: Answer): void {
    for (const key of answer.gone) this.rows.delete(key);
    for (const row of readRows(answer)) this.rows.set(row.key, row);
  }

  private async begin(first: Answer): Promise<void> {
    const found = readRows(first);
    let answer = first;
    while (answer.next !== null && answer.next !== undefined) {
      const more = await this.ask({ mark: first.mark, from: String(answer.next) });
      if (more === null || more.from === 0) break;
      found.push(...readRows(more));
      answer = more;
    }
    this.rows.clear();
    for (const row of found) this.rows.set(row.key, row);
  }

  private async foretell(): Promise<void> {
    const response = await get(this.forecastAddress);
    const told = (await response.json()) as Forecast;
    this.forecast = told;
    this.forecastMark = told.mark;
    this.spreads = new Map(Object.entries(told.spreads));
  }

  private async ask(query: Readonly<Record<string, string>>): Promise<Answer | null> {
    const began = Date.now();
    const known = new URLSearchParams(query).toString();
    const response = await get(known === "" ? this.address : `${this.address}?${known}`, this.mark);
    this.setClock(Number(response.headers.get("Orderflow-Now")), began, Date.now());
    return response.status === 304 ? null : ((await response.json()) as Answer);
  }

  /** The quickest answer tells the time best; a clock that was set anew is noticed at once. */
  private setClock(told: number, began: number, ended: number): void {
    if (!(told > 0)) return;
    const [skew, doubt] = [told - (began + ended) / 2, (ended - began) / 2];
    if (doubt > this.surest && Math.abs(skew - this.skew) <= doubt + this.surest) return;
    this.skew = skew;
    this.surest = doubt;
  }
}

async function get(address: string, mark = ""): Promise<Response> {
  const response = await fetch(address, {
    headers: { Accept: "application/json", ...(mark !== "" && { "If-None-Match": `"${mark}"` }) },
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (!response.ok && response.status !== 304) throw new Unanswered(response.status);
  return response;
}
