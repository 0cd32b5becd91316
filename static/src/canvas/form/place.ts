/** Paths into settings, and setting one value without altering what was there. */

import type { Json } from "../document";

export type Path = readonly (string | number)[];

export function told(path: Path): string {
  return path.join(".");
}

/** A copy of `value` with `part` at `path`; undefined takes the part out. */
export function withPart(value: Json | undefined, path: Path, part: Json | undefined): Json {
  const [key, ...rest] = path;
  if (key === undefined) return part ?? null;
  if (typeof key === "number") {
    const list = Array.isArray(value) ? [...(value as readonly Json[])] : [];
    list[key] = withPart(list[key], rest, part);
    return list;
  }
  const object = typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
  const others = Object.entries(object as { readonly [key: string]: Json }).filter(([name]) => name !== key);
  if (rest.length === 0 && part === undefined) return Object.fromEntries(others);
  const present = (object as { readonly [key: string]: Json })[key];
  return { ...object, [key]: withPart(present, rest, part) };
}

/** The value at a path, undefined where there is none. */
export function partAt(value: Json | undefined, path: Path): Json | undefined {
  let part = value;
  for (const key of path) {
    if (typeof part !== "object" || part === null) return undefined;
    part = (part as { readonly [key: string]: Json | undefined })[key];
  }
  return part;
}
