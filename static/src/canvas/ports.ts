/** The ports of a node, told by its type's port rules and its settings alone. */

import { type Json, type Settings, said, type Words } from "./document";
import type { NodeKind, PortRule } from "./palette-types";

export interface NodePort {
  readonly id: string;
  readonly label: string;
  readonly failure: boolean;
  readonly optional: boolean;
}

export function portsOf(
  kind: NodeKind | undefined,
  settings: Settings,
  language: string,
): readonly NodePort[] {
  if (kind === undefined) return [];
  const { fixed = [], from, then = [] } = kind.ports;
  const stands = (rule: PortRule): boolean => rule.when === undefined || isSet(settings[rule.when.setting]);
  const drawn = from === undefined || from === null ? [] : itemPorts(settings[from], language);
  return [...fixed.filter(stands).map(asPort), ...drawn, ...then.filter(stands).map(asPort)];
}

/** The port that the main way goes by: where an inserted node leads on. */
export function mainPort(ports: readonly NodePort[]): string | undefined {
  return (ports.find((port) => !port.failure) ?? ports[0])?.id;
}

function asPort(rule: PortRule): NodePort {
  return {
    id: rule.id,
    label: rule.label ?? rule.id,
    failure: rule.failure ?? false,
    optional: rule.optional ?? false,
  };
}

function itemPorts(items: Json | undefined, language: string): NodePort[] {
  if (!Array.isArray(items)) return [];
  return items.flatMap((item: Json) => {
    if (item === null || typeof item !== "object" || Array.isArray(item)) return [];
    const { id, name } = item as { readonly id?: Json; readonly name?: Json };
    if (typeof id !== "string" || id === "") return [];
    return [{ id, label: said(name as Words | undefined, language) || id, failure: false, optional: false }];
  });
}

function isSet(value: Json | undefined): boolean {
  return value !== undefined && value !== null && value !== "" && value !== false;
}
