/** Whom a message goes to: a team, a person or a duty picked from those there are, else an address that is written. */

import { said, type Words } from "../document";
import { h } from "../dom";
import { addresseeOf } from "../sentence";
import type { FieldMaker } from "./context";
import { select, whoPicker } from "./fields";
import { told } from "./place";
import { templateField } from "./template-field";

const WRITTEN = "written";

export const addresseeField: FieldMaker = (schema, path, value, context, siblings) => {
  const { say } = context;
  const field = told(path);
  const text = said(value as Words | undefined, context.language);
  const known = addresseeOf(text);
  const box = h("div", { class: "who-field" });
  const kinds = [
    { key: "team", label: say("toTeam") },
    { key: "person", label: say("toPerson") },
    { key: "role", label: say("toRole") },
    { key: WRITTEN, label: say("toAddress") },
  ];

  const draw = (kind: string, present: string): void => {
    const choose = (chosen: string): void => {
      context.change(path, undefined);
      draw(chosen, "");
      box.querySelector<HTMLElement>("select")?.focus();
    };
    const first = select(kinds, kind, `${field}.kind`, choose, context);
    first.setAttribute("aria-label", schema.title ?? "");
    box.replaceChildren(first, kind === WRITTEN ? written(present) : picker(kind, present));
  };
  const written = (present: string): HTMLElement =>
    templateField({ ...schema, placeholder: say("toAddressHint") }, path, present, context, siblings);
  const picker = (kind: string, present: string): HTMLElement =>
    whoPicker(kind, present, field, context, (who) => context.change(path, `${kind}:${who}`, true));

  draw(known?.kind ?? (text === "" ? "team" : WRITTEN), known?.who ?? text);
  return box;
};
