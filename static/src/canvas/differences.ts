/** What differs between two documents of a flow, in words: what it means apart from where it is drawn. */

import { same } from "./changes";
import {
  edgeFrom,
  type FlowDocument,
  type FlowNode,
  type Json,
  nodeOf,
  placesOf,
  said,
  type Settings,
} from "./document";
import { h } from "./dom";
import type { Mark } from "./editor";
import type { NodeKind, Schema } from "./palette-types";
import { portsOf } from "./ports";
import type { Sentences } from "./sentence";
import type { Say, Word } from "./words";

/** One difference; `node` is the step that it is about, in whichever document has it. */
export interface Told {
  readonly text: string;
  readonly node: string | null;
}

export interface Differences {
  readonly told: readonly Told[];
  readonly marks: ReadonlyMap<string, Mark>;
  /** Steps that stand elsewhere and are otherwise the same flow. */
  readonly moved: number;
}

/** What is needed to say it: the kinds of steps and their words. */
export interface Speech {
  readonly kinds: ReadonlyMap<string, NodeKind>;
  readonly sentences: Sentences;
  readonly language: string;
  readonly say: Say;
}

const FLOW_WORDS: Readonly<Record<string, Word>> = {
  channels: "settingChannels",
  teams: "settingTeams",
  failures: "settingFailures",
  cases: "settingCases",
  description: "settingDescription",
};
const LONGEST_VALUE = 60;
const MOST_LINES = 12;

export function differences(before: FlowDocument, after: FlowDocument, speech: Speech): Differences {
  return new Comparison(before, after, speech).all();
}

/** Both documents in one, so that what was removed can be shown too. */
export function together(before: FlowDocument, after: FlowDocument): FlowDocument {
  const gone = before.nodes.filter((node) => nodeOf(after, node.id) === undefined);
  const lost = new Set(gone.map((node) => node.id));
  const edges = before.edges.filter(
    (edge) => (lost.has(edge.from) || lost.has(edge.to)) && !after.edges.some((one) => one.id === edge.id),
  );
  const places = Object.fromEntries(Object.entries(placesOf(before)).filter(([id]) => lost.has(id)));
  return {
    ...after,
    nodes: [...after.nodes, ...gone],
    edges: [...after.edges, ...edges],
    layout: { ...after.layout, nodes: { ...places, ...placesOf(after) } },
  };
}

class Comparison {
  private readonly told: Told[] = [];
  private readonly marks = new Map<string, Mark>();

  constructor(
    private readonly before: FlowDocument,
    private readonly after: FlowDocument,
    private readonly speech: Speech,
  ) {}

  all(): Differences {
    this.compareFlow();
    for (const node of this.after.nodes) {
      const was = nodeOf(this.before, node.id);
      if (was === undefined) this.add(node, "added", "diffStepAdded");
      else this.compareSteps(was, node);
    }
    for (const node of this.before.nodes) {
      if (nodeOf(this.after, node.id) === undefined) this.add(node, "removed", "diffStepRemoved");
    }
    return { told: this.told, marks: this.marks, moved: this.moved() };
  }

  private compareFlow(): void {
    const { say, language } = this.speech;
    if (!same(this.before.name, this.after.name)) {
      this.tell(say("diffName", { after: said(this.after.name, language) }), null);
    }
    for (const [name, word] of Object.entries(FLOW_WORDS)) {
      if (!same(this.before[name] ?? null, this.after[name] ?? null)) {
        this.tell(say("diffFlow", { setting: say(word) }), null);
      }
    }
  }

  private compareSteps(was: FlowNode, node: FlowNode): void {
    const { say } = this.speech;
    const told = this.told.length;
    const step = this.nameOf(node);
    if (was.type !== node.type) this.tell(say("diffStepKind", { step }), node.id);
    if (!same(was.name, node.name) && this.nameOf(was) !== step) {
      this.tell(say("diffStepRenamed", { before: this.nameOf(was), after: step }), node.id);
    }
    this.compareSettings(was, node, step);
    this.compareWays(was, node, step);
    if (this.told.length > told) this.marks.set(node.id, "changed");
  }

  private compareSettings(was: FlowNode, node: FlowNode, step: string): void {
    const properties = this.speech.kinds.get(node.type)?.schema.properties ?? {};
    const [old, now] = [was.settings ?? {}, node.settings ?? {}];
    for (const name of new Set([...Object.keys(old), ...Object.keys(now)])) {
      if (same(old[name], now[name])) continue;
      const schema = properties[name] ?? {};
      const label = schema.title ?? name;
      for (const text of this.settingTexts(step, label, schema, old[name], now[name]))
        this.tell(text, node.id);
    }
  }

  private *settingTexts(
    step: string,
    label: string,
    schema: Schema,
    old: Json | undefined,
    now: Json | undefined,
  ): Generator<string> {
    const items = schema.items;
    if (items?.properties?.when !== undefined && Array.isArray(old) && Array.isArray(now)) {
      yield* this.itemTexts(step, label, items, listed(old), listed(now));
      return;
    }
    yield this.changed(step, label, schema, old, now);
  }

  /** A list of rules, each told by its name. */
  private *itemTexts(
    step: string,
    label: string,
    schema: Schema,
    old: readonly Settings[],
    now: readonly Settings[],
  ): Generator<string> {
    const { language } = this.speech;
    const nameOf = (item: Settings): string => said(item.name as never, language) || String(item.id ?? label);
    const ids = new Set([...old, ...now].map((item) => String(item.id ?? "")));
    const texts: string[] = [];
    for (const id of ids) {
      const was = old.find((item) => String(item.id ?? "") === id);
      const item = now.find((one) => String(one.id ?? "") === id);
      if (same(was, item)) continue;
      const when = schema.properties?.when ?? {};
      const named = nameOf(item ?? was ?? {});
      texts.push(
        same(was?.when, item?.when)
          ? this.changed(step, label, {}, was && nameOf(was), item && nameOf(item))
          : this.changed(step, named, when, was?.when, item?.when),
      );
    }
    if (texts.length === 0) texts.push(this.speech.say("diffSettingOnly", { step, setting: label }));
    yield* texts;
  }

  private changed(step: string, setting: string, schema: Schema, old?: Json, now?: Json): string {
    const { say, sentences } = this.speech;
    const [before, after] = [old, now].map((value) =>
      typeof value === "boolean" ? (value ? "✓" : "✗") : sentences.one(schema, value) || "–",
    );
    const short = [before, after].every((text) => text !== undefined && text.length <= LONGEST_VALUE);
    if (!short || before === after) return say("diffSettingOnly", { step, setting });
    return say("diffSetting", { step, setting, before: before ?? "", after: after ?? "" });
  }

  private compareWays(was: FlowNode, node: FlowNode, step: string): void {
    const { say, kinds, language } = this.speech;
    const labels = new Map(
      [was, node].flatMap((one) =>
        portsOf(kinds.get(one.type), one.settings ?? {}, language).map(
          (port) => [port.id, port.label] as const,
        ),
      ),
    );
    for (const [port, label] of labels) {
      const [old, now] = [edgeFrom(this.before, was.id, port)?.to, edgeFrom(this.after, node.id, port)?.to];
      if (old === now) continue;
      const named = { before: this.target(this.before, old), after: this.target(this.after, now) };
      this.tell(say("diffWay", { step, port: label, ...named }), node.id);
    }
  }

  private target(document: FlowDocument, id: string | undefined): string {
    const node = id === undefined ? undefined : nodeOf(document, id);
    return node === undefined ? this.speech.say("nowhere") : this.nameOf(node);
  }

  private moved(): number {
    const [was, now] = [placesOf(this.before), placesOf(this.after)];
    return Object.keys(now).filter((id) => was[id] !== undefined && !same(was[id], now[id])).length;
  }

  private add(node: FlowNode, mark: Mark, word: Word): void {
    this.marks.set(node.id, mark);
    this.tell(this.speech.say(word, { step: this.nameOf(node) }), node.id);
  }

  private tell(text: string, node: string | null): void {
    this.told.push({ text, node });
  }

  private nameOf(node: FlowNode): string {
    const { kinds, language } = this.speech;
    return said(node.name, language) || (kinds.get(node.type)?.label ?? node.type);
  }
}

/** Differences as a list, cut where it becomes long. */
export function differenceList(speech: Speech, told: readonly Told[], moved: number): HTMLElement {
  const { say } = speech;
  const lines = told.slice(0, MOST_LINES).map((one) => one.text);
  if (told.length > MOST_LINES) lines.push(say("diffMore", { count: told.length - MOST_LINES }));
  if (moved > 0) lines.push(moved === 1 ? say("diffOneMoved") : say("diffMoved", { count: moved }));
  return h("ul", { class: "difference-list" }, ...lines.map((line) => h("li", {}, line)));
}

/** What somebody made of one cell since `base`, in a few words. */
export function cellWords(cell: string, value: Json, base: FlowDocument, speech: Speech): string {
  if (value === null) return speech.say("cellRemoved");
  const was = base.nodes.find((node) => cell === `nodes.${node.id}`);
  if (was === undefined) return typeof value === "string" ? value : speech.say("cellChanged");
  const [before, after] = [was, value as unknown as FlowNode].map((node) => ({
    ...base,
    nodes: [node],
    edges: [],
  }));
  const found = before && after ? differences(before, after, speech).told : [];
  return found.map((one) => one.text).join(speech.say("listJoin")) || speech.say("cellChanged");
}

/** The items of a list; what is none, as after a paste, is told by nobody. */
function listed(list: unknown): readonly Settings[] {
  return Array.isArray(list)
    ? list.filter((one): one is Settings => typeof one === "object" && one !== null)
    : [];
}
