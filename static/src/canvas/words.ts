/** Every word of the canvas, in both languages. Each room keeps its own in `words/<room>.ts`. */

import type { InBoth } from "./words/both";
import * as rooms from "./words/rooms";

type Rooms = typeof rooms;

export type Word = { [Room in keyof Rooms]: keyof Rooms[Room]["en"] }[keyof Rooms];

export type Language = "en" | "zh-CN";

export type Say = (word: Word, values?: Readonly<Record<string, string | number>>) => string;

const all: readonly InBoth<string>[] = Object.values(rooms);
const en = Object.assign({}, ...all.map((room) => room.en)) as Readonly<Record<Word, string>>;
const zh = Object.assign({}, ...all.map((room) => room.zh)) as Readonly<Record<Word, string>>;

/** The words of a language; `{name}` in a text is replaced by the value of that name. */
export function wordsIn(language: string): Say {
  const table = language.startsWith("zh") ? zh : en;
  return (word, values = {}) =>
    table[word].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
