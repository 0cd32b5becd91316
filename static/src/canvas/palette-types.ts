/** What the server tells about node types, order fields and the shop: everything that the canvas offers. */

import type { Json } from "./document";

export interface PortRule {
  readonly id: string;
  readonly label?: string;
  readonly failure?: boolean;
  readonly optional?: boolean;
  /** The port exists only while this setting is set. */
  readonly when?: { readonly setting: string };
}

/** How a type's ports follow from its settings. `from` names a list of settings whose items are a port each. */
export interface PortRules {
  readonly fixed?: readonly PortRule[];
  readonly from?: string | null;
  readonly then?: readonly PortRule[];
}

/** A JSON Schema as the form reads it, with its words already in the reader's language. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly help?: string;
  readonly placeholder?: string;
  readonly format?: string;
  readonly enum?: readonly Json[];
  /** The words for the values of `enum`. */
  readonly options?: { readonly [value: string]: string };
  readonly default?: Json;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: { readonly [key: string]: Schema };
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly "x-widget"?: string;
  /** A value that needs no words: the sentence of a step leaves it out. */
  readonly "x-usual"?: Json;
  readonly "x-advanced"?: boolean;
  /** Values (or, with `true`, the whole setting) that the schema knows and that are not offered yet. */
  readonly "x-later"?: boolean | readonly string[];
  /** Shown only while the sibling setting has one of these values. */
  readonly "x-when"?: { readonly [sibling: string]: readonly Json[] };
  /** The same, where one of the siblings is enough. */
  readonly "x-when-any"?: { readonly [sibling: string]: readonly Json[] };
  /** Kept for what was published with it: shown only where it is set. */
  readonly "x-old"?: boolean;
  /** A field of the order of one of these kinds only. */
  readonly "x-kinds"?: readonly FieldKind[];
  /** One of these fields only; a name that ends in a dot stands for all below it. */
  readonly "x-only"?: readonly string[];
}

export type Group = "start" | "decide" | "people" | "systems" | "time" | "order" | "end";

export interface NodeKind {
  readonly kind: string;
  readonly group: Group;
  readonly label: string;
  readonly help: string;
  /** What a step of this type does, with `{setting}` for values; a part in `[ ]` is said when all of its values are set. */
  readonly sentence: string;
  /** The type's help page, in Markdown. */
  readonly guide: string;
  readonly icon: string;
  readonly schema: Schema;
  readonly ports: PortRules;
  readonly incoming: boolean;
}

export type FieldKind = "text" | "money" | "number" | "bool" | "time" | "choice" | "texts" | "any";

export interface OrderField {
  readonly path: string;
  readonly label: string;
  readonly kind: FieldKind;
  readonly scope: "order" | "item";
  readonly choices: readonly Named[];
}

/** A comparison as the form offers it; `takes` is the kind of value asked for, null when it asks for none. */
export interface Operator {
  readonly op: string;
  readonly label: string;
  readonly takes:
    "amount" | "number" | "text" | "texts" | "choice" | "choices" | "time" | "free" | "frees" | null;
}

export interface Named {
  readonly key: string;
  readonly label: string;
  readonly actions?: readonly { readonly key: string; readonly label: string }[];
}

/** A channel, and the flow that takes its orders by name, if one does. */
export interface Channel extends Named {
  readonly flow?: Named;
}

/** A flow that was published, with its versions, the newest first. */
export interface PublishedFlow extends Named {
  readonly versions: readonly { readonly number: number; readonly note: string }[];
}

/** How much text a message by this way holds. */
export interface Longest {
  readonly most: number;
  readonly unit: "bytes" | "characters";
}

export interface Notifier extends Named {
  readonly longest?: Longest;
}

export interface Palette {
  readonly kinds: readonly NodeKind[];
  readonly fields: readonly OrderField[];
  readonly operators: { readonly [kind in FieldKind]: readonly Operator[] };
  readonly teams: readonly Named[];
  readonly people: readonly Named[];
  readonly roles: readonly Named[];
  readonly channels: readonly Channel[];
  readonly notifiers: readonly Notifier[];
  readonly systems: readonly Named[];
  readonly flows: readonly PublishedFlow[];
  readonly calendars: readonly Named[];
  readonly currency: string;
}
