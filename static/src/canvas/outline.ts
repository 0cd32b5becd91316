/** The flow as a list: for small screens and screen readers. The same steps in the order of work, the same settings. */

import { said, type Words } from "./document";
import { append, button, drawing, h, icon, type IconName } from "./dom";
import type { Commands } from "./editing/commands";
import type { Editor } from "./editor";
import { changeNote, groupOf, LONGEST_NOTE, removeNotes } from "./layout";
import type { NodePort } from "./ports";
import { conditionOf, sentenceElement } from "./reading";

export class Outline {
  readonly element = h("section", { class: "outline" });
  /** What can be done on the canvas; its most needed commands stand above the list. */
  commands: Commands | undefined;

  constructor(
    private readonly editor: Editor,
    private readonly open: (node: string, setting?: string) => void,
    private readonly add: (node: string, port: string) => void,
  ) {
    this.element.setAttribute("aria-label", editor.say("asList"));
    for (const topic of ["document", "problems", "selection"] as const) editor.on(topic, () => this.fill());
    window.addEventListener("beforeprint", () => this.show());
  }

  private fill(): void {
    if (this.element.offsetParent !== null) this.show();
  }

  /** Draw the list anew (it is not kept up to date while it is hidden). */
  show(): void {
    const { editor } = this;
    const items = inOrder(editor).map((id) => this.item(id));
    // Whoever writes into a note goes on doing so.
    if (
      this.element.contains(document.activeElement) &&
      document.activeElement instanceof HTMLTextAreaElement
    )
      return;
    this.element.replaceChildren();
    append(this.element, [
      this.head(),
      h("p", { class: "outline-hint" }, editor.say("smallScreenHint")),
      this.tools(),
      h("ol", { class: "outline-steps" }, ...items),
      this.notes(),
    ]);
  }

  /** Put the cursor into a note. */
  write(note: string): void {
    this.show();
    const field = this.element.querySelector<HTMLElement>(`textarea[data-note="${CSS.escape(note)}"]`);
    field?.scrollIntoView({ block: "center" });
    field?.focus({ preventScroll: true });
  }

  private tools(): HTMLElement {
    const { commands } = this;
    const tool = (id: string, picture: IconName): HTMLElement | false =>
      commands?.get(id) !== undefined &&
      button(commands.nameOf(id), () => commands.run(id), {
        icon: picture,
        text: true,
        class: "button quiet",
      });
    return h(
      "div",
      { class: "outline-tools" },
      tool("find", "search"),
      tool("commands", "command"),
      tool("note", "note"),
    );
  }

  /** The flow's name, for whoever reads it on paper; and the way to get it there. */
  private head(): HTMLElement {
    const { document, language, say } = this.editor;
    return h(
      "header",
      { class: "outline-head" },
      h("h2", {}, said(document.name, language)),
      typeof document.description === "undefined"
        ? false
        : h("p", {}, said(document.description as Words, language)),
      button(say("print"), () => window.print(), { class: "button", text: true, icon: "print" }),
    );
  }

  private notes(): HTMLElement | false {
    const { editor } = this;
    const { say } = editor;
    if (editor.notes.length === 0) return false;
    const rows = editor.notes.map((note) => {
      const field = h("textarea", {
        class: "textarea",
        "data-note": note.id,
        maxlength: LONGEST_NOTE,
        "aria-label": say("noteText"),
        placeholder: say("noteEmpty"),
        readonly: editor.readOnly,
        value: note.text,
        input: () =>
          editor.change(
            changeNote(editor.document, note.id, { text: field.value }),
            say("didWriteNote"),
            `note:${note.id}`,
          ),
      });
      const remove = button(
        `${say("deleteStep")} ${note.text.slice(0, 40)}`,
        () =>
          editor.change(
            removeNotes(editor.document, new Set([note.id])),
            say("didDelete", { step: say("note") }),
          ),
        { icon: "trash" },
      );
      return h("div", { class: "outline-note" }, field, !editor.readOnly && remove);
    });
    return h("section", { class: "outline-notes" }, h("h3", {}, say("notes")), ...rows);
  }

  private item(id: string): HTMLElement {
    const { editor } = this;
    const kind = editor.kindOf(id);
    const problems = editor.problemsOf(id);
    const errors = problems.some((problem) => problem.level === "error");
    const sentence = sentenceElement(editor, id, (setting) => this.open(id, setting));
    const group = groupOf(editor.document, id);
    return h(
      "li",
      {
        class: `outline-step group-${kind?.group ?? "order"}${editor.selected.has(id) ? " is-selected" : ""}`,
      },
      h(
        "button",
        { type: "button", class: "outline-open", "data-node": id, click: () => this.open(id) },
        h("span", { class: "card-icon" }, drawing(kind?.icon ?? "")),
        h(
          "span",
          { class: "card-words" },
          h("strong", { class: "card-name" }, editor.nameOf(id)),
          kind !== undefined && h("span", { class: "card-summary" }, kind.label),
        ),
        group !== undefined &&
          h(
            "span",
            { class: "outline-group", title: editor.say("inGroup", { name: group.name }) },
            icon("group"),
            h("span", {}, group.name),
          ),
        problems.length > 0 &&
          h(
            "span",
            { class: `card-badge is-${errors ? "error" : "warning"}` },
            icon(errors ? "error" : "alert"),
            String(problems.length),
          ),
        icon("chevron"),
      ),
      sentence,
      this.ways(id),
    );
  }

  private ways(id: string): HTMLElement | false {
    const { editor } = this;
    const { say } = editor;
    const ports = editor.ports(id);
    if (ports.length === 0) return false;
    const settings = editor.node(id)?.settings ?? {};
    const told = (port: NodePort): string => {
      const when = conditionOf(editor.kindOf(id), settings, port.id);
      return when === undefined ? port.label : say("wayIf", { when: editor.sentences.condition(when) });
    };
    const rows = ports.map((port) => {
      const edge = editor.document.edges.find((one) => one.from === id && one.port === port.id);
      if (edge !== undefined) {
        const go = h(
          "button",
          { type: "button", class: "link", "data-to": edge.to, click: () => this.goTo(edge.to) },
          editor.nameOf(edge.to),
        );
        return h(
          "li",
          { class: port.failure ? "is-failure" : null },
          h("span", {}, told(port)),
          icon("chevron"),
          go,
        );
      }
      const nowhere = port.failure
        ? say(editor.policy === undefined ? "failureList" : "flowPolicy")
        : port.optional
          ? say("optional")
          : say("leadsNowhere");
      const add = h(
        "button",
        { type: "button", class: "link", click: () => this.add(id, port.id) },
        say("addStep"),
      );
      return h(
        "li",
        { class: port.failure ? "is-failure is-open" : "is-open" },
        h("span", {}, told(port)),
        icon("chevron"),
        h("span", { class: "outline-nowhere" }, nowhere),
        add,
      );
    });
    return h("ul", { class: "outline-ways" }, ...rows);
  }

  private goTo(id: string): void {
    const target = this.element.querySelector<HTMLElement>(`[data-node="${CSS.escape(id)}"]`);
    target?.scrollIntoView({ block: "center" });
    target?.focus();
  }
}

/** All nodes, the start first and then along the edges; what cannot be reached comes last. */
export function inOrder(editor: Editor): string[] {
  const { nodes } = editor.document;
  const order: string[] = [];
  const seen = new Set<string>();
  const visit = (id: string): void => {
    if (seen.has(id)) return;
    seen.add(id);
    order.push(id);
    for (const port of editor.portIds(id)) {
      const edge = editor.document.edges.find((one) => one.from === id && one.port === port);
      if (edge !== undefined) visit(edge.to);
    }
  };
  for (const node of nodes) if (!editor.takesEdges(node.id)) visit(node.id);
  for (const node of nodes) visit(node.id);
  return order;
}
