/** Every text of a flow in which something can be found: names, settings, conditions as sentences, notes and groups. */

import type { Condition } from "../conditions";
import { type Json, said, type Settings, type Words } from "../document";
import type { Editor } from "../editor";
import { groupsOf } from "../layout";
import type { Schema } from "../palette-types";

export type Home =
  { readonly kind: "node" | "note" | "group"; readonly id: string } | { readonly kind: "flow" };

export interface Passage {
  readonly home: Home;
  /** Which setting it is, in the reader's words; empty for a name. */
  readonly label: string;
  readonly text: string;
  /** Where in the node's settings it stands, as problems tell it; empty for all else. */
  readonly where: string;
}

/** All passages that hold every word of what is looked for, step by step in the order of work. */
export function find(passages: readonly Passage[], wanted: string): Passage[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  return passages.filter(({ label, text }) => {
    const whole = `${label} ${text}`.toLowerCase();
    return (
      words.every((word) => whole.includes(word)) && words.some((word) => text.toLowerCase().includes(word))
    );
  });
}

export function passagesOf(editor: Editor, order: readonly string[]): Passage[] {
  return [
    ...flowPassages(editor),
    ...order.flatMap((id) => nodePassages(editor, id)),
    ...groupsOf(editor.document).map((group) => ({
      home: { kind: "group" as const, id: group.id },
      label: "",
      text: group.name,
      where: "",
    })),
    ...editor.notes.map((note) => ({
      home: { kind: "note" as const, id: note.id },
      label: "",
      text: note.text,
      where: "",
    })),
  ];
}

function flowPassages(editor: Editor): Passage[] {
  const home = { kind: "flow" } as const;
  const { document, language, say } = editor;
  const channels = Array.isArray(document.channels) ? (document.channels as readonly string[]) : [];
  const names = channels.map((key) => editor.palette.channels.find((one) => one.key === key)?.label ?? key);
  return [
    { home, label: say("flowName"), text: said(document.name, language), where: "" },
    ...names.map((text) => ({ home, label: say("flowChannels"), text, where: "" })),
  ];
}

function nodePassages(editor: Editor, id: string): Passage[] {
  const node = editor.node(id);
  const kind = editor.kindOf(id);
  if (node === undefined) return [];
  const home = { kind: "node", id } as const;
  const name = { home, label: "", text: editor.nameOf(id), where: "" };
  const type = { home, label: editor.say("stepKind"), text: kind?.label ?? node.type, where: "" };
  const note = said((node as { readonly note?: Words }).note, editor.language);
  const told = settingPassages(editor, kind?.schema ?? {}, node.settings ?? {}, "");
  return [
    name,
    ...(type.text === name.text ? [] : [type]),
    ...(note === "" ? [] : [{ home, label: editor.say("noteText"), text: note, where: "" }]),
    ...told.map((passage) => ({ ...passage, home })),
  ];
}

type Told = Omit<Passage, "home">;

function settingPassages(editor: Editor, schema: Schema, settings: Settings, path: string): Told[] {
  return Object.entries(settings).flatMap(([key, value]) => {
    const property = schema.properties?.[key] ?? {};
    if (property["x-widget"] === "id") return [];
    return valuePassages(
      editor,
      property,
      value,
      path === "" ? key : `${path}.${key}`,
      property.title ?? key,
    );
  });
}

function valuePassages(editor: Editor, schema: Schema, value: Json, where: string, label: string): Told[] {
  if (value === null || value === "") return [];
  if (schema.format === "condition")
    return [{ label, where, text: editor.sentences.condition(value as Condition) }];
  if (Array.isArray(value))
    return value.flatMap((one: Json, index) =>
      valuePassages(editor, schema.items ?? {}, one, `${where}.${index}`, label),
    );
  if (typeof value !== "object") return [{ label, where, text: leafText(editor, schema, value) }];
  const parts = value as Settings;
  if (schema.format === "who")
    return [{ label, where, text: leafText(editor, {}, parts.value ?? parts.kind ?? "") }];
  if (schema.properties !== undefined) return settingPassages(editor, schema, parts, where);
  if (editor.language in parts || "en" in parts)
    return [{ label, where, text: said(parts as Words, editor.language) }];
  return [{ label, where, text: Object.values(parts).map(String).join(" ") }];
}

/** A value with the name that people know it by. */
function leafText(editor: Editor, schema: Schema, value: Json): string {
  const text = String(value);
  const option = schema.options?.[text];
  if (option !== undefined) return option;
  const key = text.replace(/^(team|person|role):/, "");
  const { people, roles, systems, notifiers, channels } = editor.palette;
  const known = [editor.teams(), people, roles, systems, notifiers, channels]
    .flat()
    .find((one) => one.key === key);
  if (known !== undefined && known.label !== text) return `${known.label} (${text})`;
  const field = editor.palette.fields.find((one) => one.path === text);
  return field === undefined ? text : `${field.label} (${text})`;
}
