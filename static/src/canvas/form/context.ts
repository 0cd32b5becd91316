/** What every field of a form is given: the palette, the words, and the way to report a change. */

import type { Json, Settings } from "../document";
import type { Pinned } from "../nesting";
import type { NodeKind, Palette, Schema } from "../palette-types";
import type { Sentences } from "../sentence";
import type { Say } from "../words";
import type { Path } from "./place";
import type { Samples } from "./samples";

export interface FormContext {
  readonly palette: Palette;
  readonly sentences: Sentences;
  readonly say: Say;
  readonly language: string;
  readonly kind: NodeKind;
  readonly samples: Samples;
  /** Adds a team to the flow and gives its key; undefined where nothing may be changed. */
  readonly addTeam: ((name: string) => string) | undefined;
  /** Where the version of a flow is looked at. */
  readonly flowAddress: (wanted: Pinned) => string;
  readonly settings: () => Settings;
  /** Report a change. With `rebuild` the form is drawn anew (rows came or went); focus stays where it was. */
  readonly change: (path: Path, value: Json | undefined, rebuild?: boolean) => void;
  /** A labelled field with room for its problems: what a list of settings is made of in its turn. */
  readonly row: RowMaker;
}

export type RowMaker = (
  schema: Schema,
  path: Path,
  value: Json | undefined,
  context: FormContext,
  siblings: Settings,
  required: boolean,
) => HTMLElement;

export type FieldMaker = (
  schema: Schema,
  path: Path,
  value: Json | undefined,
  context: FormContext,
  siblings: Settings,
) => HTMLElement;
