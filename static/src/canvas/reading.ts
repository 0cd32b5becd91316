/** A flow as plain sentences: what each step does with its order, in words whose values lead to their settings. */

import { type Condition } from "./conditions";
import type { Json, Settings } from "./document";
import { h } from "./dom";
import type { Editor } from "./editor";
import type { NodeKind, Schema } from "./palette-types";
import { applies, type Sentences } from "./sentence";
import type { Say } from "./words";

/** A piece of a sentence: plain text, or the value of a setting (`missing` where it must be set and is not). */
export type Piece = string | { readonly setting: string; readonly text: string; readonly missing: boolean };

/** What a step does, piece by piece; `{setting}` stands for values, and `[ ]` is left out where one of its values is. */
export function sentenceOf(kind: NodeKind, settings: Settings, sentences: Sentences, say: Say): Piece[] {
  const properties = kind.schema.properties ?? {};
  const defaults = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, schema.default ?? null]),
  );
  const required = new Set(kind.schema.required ?? []);
  const value = (name: string): string => {
    const schema = properties[name];
    if (schema === undefined || !applies(schema, settings, defaults)) return "";
    return valueOf(schema, settings[name] ?? schema.default, sentences, say);
  };
  const pieces = (text: string): Piece[] =>
    text
      .split(/(\{\w+\})/)
      .filter((part) => part !== "")
      .map((part) => {
        const name = /^\{(\w+)\}$/.exec(part)?.[1];
        if (name === undefined) return part;
        const found = value(name);
        const label = properties[name]?.title ?? name;
        const missing = found === "";
        return { setting: name, text: missing ? label : found, missing: missing && required.has(name) };
      });
  const isWhole = (text: string): boolean =>
    [...text.matchAll(/\{(\w+)\}/g)].every(([, name = ""]) => value(name) !== "");
  return kind.sentence.split(/(\[[^\]]*\])/).flatMap((part) => {
    if (!part.startsWith("[")) return pieces(part);
    const inner = part.slice(1, -1);
    return isWhole(inner) ? pieces(inner) : [];
  });
}

/** The condition under which a way is taken, where the way comes from a rule. */
export function conditionOf(
  kind: NodeKind | undefined,
  settings: Settings,
  port: string,
): Condition | undefined {
  const list = kind?.ports.from ? settings[kind.ports.from] : undefined;
  if (!Array.isArray(list)) return undefined;
  const item = (list as readonly (Settings | null)[]).find((one) => one?.id === port);
  return item?.when as Condition | undefined;
}

/** The sentence of a step as elements. A value leads to its setting. */
export function sentenceElement(
  editor: Editor,
  id: string,
  open: (setting: string) => void,
): HTMLElement | false {
  const kind = editor.kindOf(id);
  const node = editor.node(id);
  if (kind === undefined || node === undefined || kind.sentence === "") return false;
  const pieces = sentenceOf(kind, node.settings, editor.sentences, editor.say);
  const note = kind.schema.properties ?? {};
  return h(
    "p",
    { class: "sentence" },
    ...pieces.map((piece) =>
      typeof piece === "string"
        ? piece
        : h(
            "span",
            {
              role: "button",
              tabindex: 0,
              class: `sentence-value${piece.missing ? " is-missing" : ""}`,
              title: note[piece.setting]?.title ?? piece.setting,
              click: () => open(piece.setting),
              keydown: (event: KeyboardEvent) => {
                if (event.key !== "Enter" && event.key !== " ") return;
                event.preventDefault();
                open(piece.setting);
              },
            },
            piece.text,
          ),
    ),
  );
}

/** A value in full: a list with all of its items. */
function valueOf(schema: Schema, value: Json | undefined, sentences: Sentences, say: Say): string {
  if (schema["x-usual"] === value) return "";
  if (!Array.isArray(value)) return sentences.one(schema, value);
  return value
    .map((item) => itemOf(schema.items ?? {}, item as Json, sentences, say))
    .filter((text) => text !== "")
    .join(say("listJoin"));
}

function itemOf(schema: Schema, item: Json, sentences: Sentences, say: Say): string {
  const { properties } = schema;
  if (properties === undefined || typeof item !== "object" || item === null)
    return sentences.one(schema, item);
  if ("field" in properties && "value" in properties) {
    return sentences.one({ items: schema, type: "array" }, [item]);
  }
  const { min, max, ...rest } = item as Settings;
  const texts = Object.entries(rest).map(([name, value]) => sentences.one(properties[name] ?? {}, value));
  return [...texts, rangeOf(min ?? null, max ?? null, say)].filter((text) => text !== "").join(" ");
}

function rangeOf(min: Json, max: Json, say: Say): string {
  const [from, to] = [min, max].map((bound) => (bound === null || bound === "" ? "" : amountOf(bound)));
  if (from === "") return to === "" ? "" : say("rangeTo", { to: to ?? "" });
  return to === "" ? say("rangeFrom", { from: from ?? "" }) : `${from}–${to}`;
}

function amountOf(bound: Json): string {
  if (typeof bound !== "object" || bound === null) return String(bound);
  const { amount, currency } = bound as Settings;
  return `${String(amount)} ${String(currency ?? "")}`.trim();
}
