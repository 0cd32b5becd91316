/** Sub-flows on the canvas: which version a step stands for, the way into it, and the way back. */

import type { FlowNode, Settings } from "./document";

export interface Pinned {
  readonly flow: string;
  readonly version: number;
}

/** The version that a step with these settings stands for. */
export function pinned(type: string, settings: Settings): Pinned | null {
  const { flow, version } = settings;
  return type === "sub-flow" && typeof flow === "string" && typeof version === "number"
    ? { flow, version }
    : null;
}

/** The step that a place inside a sub-flow (`check/ask`) is drawn as. */
export function outermost(place: string): string {
  return place.split("/", 1)[0] ?? place;
}

/** Where a pinned version is looked at; from there a press leads back to the step. */
export function addressOf(wanted: Pinned, from: string, node: FlowNode["id"] | undefined): string {
  const told = new URLSearchParams({ version: String(wanted.version), from });
  if (node !== undefined) told.set("at", node);
  return `/flows/${encodeURIComponent(wanted.flow)}/canvas?${told.toString()}`;
}

/** The way back to the flow around it. */
export function backAddress(from: string, node: string | undefined): string {
  const step = node === undefined ? "" : `?step=${encodeURIComponent(node)}`;
  return `/flows/${encodeURIComponent(from)}/canvas${step}`;
}
