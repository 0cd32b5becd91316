/** The panel at the right: the settings of the selected step, or of the flow when none is selected. */

import { said } from "./document";
import * as doc from "./document";
import { button, drawing, freshId, h, icon } from "./dom";
import type { Editor, Problem } from "./editor";
import { Form, type FormSurroundings, problemElement } from "./form/form";
import { Counts } from "./form/counts";
import { Samples } from "./form/samples";
import { guideElements } from "./guide";
import { addressOf } from "./nesting";
import { remedyButton } from "./problems";
import { withTeam } from "./remedies";
import type { Server } from "./server";

export class Inspector {
  readonly element: HTMLElement;
  private readonly body = h("div", { class: "inspector-body" });
  private form: Form | null = null;
  private shown = "";
  private homeless = h("div", { class: "inspector-problems", "aria-live": "polite" });
  private name: HTMLInputElement | null = null;
  private readonly samples: Samples;
  private readonly counts: Counts;
  private ways = h("section", { class: "ways" });

  constructor(
    private readonly editor: Editor,
    server: Server,
    private readonly jump: (node: string) => void,
  ) {
    this.samples = new Samples(server);
    this.counts = new Counts(editor, server, this.body);
    this.element = h("aside", { class: "inspector", "aria-label": editor.say("stepSettings") }, this.body);
    this.body.inert = editor.readOnly;
    editor.on("selection", () => this.show());
    editor.on("document", () => this.refresh());
    editor.on("problems", () => this.showProblems());
    this.show();
  }

  /** Put the cursor into the field of a problem (or the first field) of the selected step. */
  focus(where: string): void {
    if (where !== "") this.form?.focus(where.replace(/^failures\./, ""));
    else
      this.body
        .querySelector<HTMLElement>(".form input, .form select, .form .picker, .form [contenteditable]")
        ?.focus();
  }

  focusName(): void {
    this.name?.focus();
    this.name?.select();
  }

  private show(): void {
    const { editor } = this;
    const single = editor.single;
    const showing = single ?? (editor.selected.size > 1 ? `many:${editor.selected.size}` : "flow");
    if (showing === this.shown) return;
    this.shown = showing;
    this.form = null;
    this.name = null;
    if (single !== undefined) this.showNode(single);
    else if (editor.selected.size > 1) this.showMany();
    else this.showFlow();
    this.body.scrollTop = 0;
    this.showProblems();
    this.counts.show(single);
  }

  private refresh(): void {
    const { editor } = this;
    const single = editor.single;
    if (single === undefined) {
      if (this.shown === "flow" && !this.body.contains(document.activeElement)) this.showFlow();
      return;
    }
    const node = editor.node(single);
    if (node === undefined || this.shown !== single) return;
    this.form?.show(node.settings);
    const name = doc.said(node.name, editor.language);
    if (this.name !== null && this.name !== document.activeElement) this.name.value = name;
    this.showWays(single);
    this.counts.show(single);
  }

  /** What every form here is given. */
  private surroundings(changed: FormSurroundings["changed"]): FormSurroundings {
    const { editor } = this;
    return {
      get palette() {
        const flows = editor.palette.flows.filter((one) => one.key !== editor.document.key);
        return { ...editor.palette, teams: editor.teams(), flows };
      },
      flowAddress: (wanted) => addressOf(wanted, String(editor.document.key), editor.single),
      sentences: editor.sentences,
      say: editor.say,
      language: editor.language,
      samples: this.samples,
      addTeam: editor.readOnly ? undefined : (name) => this.addTeam(name),
      drawn: () => this.counts.paint(),
      remedy: (problem) => this.remedy(problem),
      changed,
    };
  }

  /** The press that mends a problem; after it the cursor is where the problem was. */
  private remedy(problem: Problem): HTMLElement | false {
    return remedyButton(this.editor, problem, () => this.focus(problem.where));
  }

  /** A team of this name for the flow: made when it is published. */
  private addTeam(name: string): string {
    const { editor } = this;
    const plain = name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 40);
    const taken = editor.teams().map((team) => team.key);
    const key = plain !== "" && !taken.includes(plain) ? plain : doc.freeId(`${plain || "team"}-`, taken);
    editor.change(withTeam(editor.document, key, name), editor.say("didAddTeam", { name }));
    return key;
  }

  private showProblems(): void {
    const { editor } = this;
    const single = editor.single;
    const problems: readonly Problem[] =
      single === undefined
        ? editor.problems.filter((problem) => problem.node === null).map(withinPolicy)
        : editor.problemsOf(single);
    const homeless = this.form === null ? problems : this.form.showProblems(problems);
    const remedy = (problem: Problem): HTMLElement | false => this.remedy(problem);
    this.homeless.replaceChildren(...homeless.map((problem) => problemElement(problem, remedy)));
  }

  // --- one step ---------------------------------------------------------------------------------------------------

  private showNode(id: string): void {
    const { editor } = this;
    const { say } = editor;
    const node = editor.node(id);
    const kind = editor.kindOf(id);
    if (node === undefined) return;
    const name = h("input", {
      class: "input inspector-name",
      id: freshId("name"),
      type: "text",
      maxlength: 100,
      value: said(node.name, editor.language),
      placeholder: kind?.label ?? node.type,
      "aria-label": say("name"),
      input: () => editor.rename(id, name.value, `name:${id}`),
    });
    this.name = name;
    const head = h(
      "header",
      { class: `inspector-head group-${kind?.group ?? "order"}` },
      h("span", { class: "card-icon" }, drawing(kind?.icon ?? "")),
      h("div", { class: "inspector-title" }, name, h("span", {}, kind?.label ?? node.type)),
      button(say("duplicateStep"), () => editor.duplicate(), { icon: "copy" }),
      button(say("deleteStep"), () => editor.remove(), { icon: "trash" }),
    );
    if (kind === undefined) {
      const text = say("unknownKind", { kind: node.type });
      this.body.replaceChildren(head, this.homeless, h("p", { class: "form-empty" }, text));
      return;
    }
    const changed = (settings: doc.Settings, key: string | undefined): void =>
      editor.setSettings(id, settings, key === undefined ? undefined : `settings:${id}:${key}`);
    this.form = new Form(kind, node.settings, this.surroundings(changed));
    this.body.replaceChildren(
      head,
      h("p", { class: "inspector-help" }, kind.help),
      this.homeless,
      this.form.element,
      this.ways,
      h(
        "details",
        { class: "guide" },
        h("summary", {}, icon("chevron"), say("aboutStep")),
        ...guideElements(kind.guide),
      ),
    );
    this.showWays(id);
  }

  private showWays(id: string): void {
    const { editor } = this;
    const { say } = editor;
    const ports = editor.ports(id);
    if (ports.length === 0) {
      this.ways.replaceChildren();
      return;
    }
    const targets = editor.document.nodes.filter((node) => node.id !== id && editor.takesEdges(node.id));
    const rows = ports.map((port) => {
      const edge = editor.document.edges.find((one) => one.from === id && one.port === port.id);
      const nowhere = port.failure
        ? say(editor.policy === undefined ? "failureList" : "flowPolicy")
        : port.optional
          ? say("optional")
          : say("leadsNowhere");
      const list = h(
        "select",
        {
          class: "select",
          id: freshId("way"),
          change: () => {
            if (list.value !== "") editor.connect(id, port.id, list.value);
            else if (edge !== undefined) editor.removeEdge(edge.id);
          },
        },
        h("option", { value: "" }, `– ${nowhere}`),
        ...targets.map((node) => h("option", { value: node.id }, editor.nameOf(node.id))),
      );
      list.value = edge?.to ?? "";
      const go =
        edge !== undefined &&
        button(`${say("leadsTo")} ${editor.nameOf(edge.to)}`, () => this.jump(edge.to), { icon: "chevron" });
      return h(
        "li",
        { class: port.failure ? "way is-failure" : "way" },
        h(
          "label",
          { for: list.id },
          h("span", { class: "way-dot" }),
          port.label,
          h("span", { class: "way-count", "data-way-count": port.id }),
        ),
        list,
        go,
      );
    });
    this.ways.replaceChildren(h("h3", {}, say("waysOn")), h("ul", {}, ...rows));
    this.counts.paint();
  }

  // --- several steps, or none -------------------------------------------------------------------------------------

  private showMany(): void {
    const { editor } = this;
    const { say } = editor;
    this.body.replaceChildren(
      h("h2", {}, say("manySelected", { count: editor.selected.size })),
      h("p", { class: "inspector-help" }, say("manyHint")),
      h(
        "div",
        { class: "inspector-actions" },
        button(say("duplicateStep"), () => editor.duplicate(), { icon: "copy", text: true }),
        button(say("deleteStep"), () => editor.remove(), { icon: "trash", text: true }),
      ),
    );
  }

  private showFlow(): void {
    const { editor } = this;
    const { say } = editor;
    const name = h("input", {
      class: "input",
      id: freshId("flow"),
      type: "text",
      maxlength: 200,
      value: said(editor.document.name, editor.language),
      input: () =>
        editor.change(
          doc.renameFlow(editor.document, name.value, editor.language),
          say("didRename", { step: say("theFlow") }),
          "flow-name",
        ),
    });
    this.body.replaceChildren(
      h("h2", {}, say("flowSettings")),
      h("p", { class: "inspector-help" }, say("nothingSelected")),
      this.homeless,
      h(
        "div",
        { class: "form" },
        h("div", { class: "field" }, h("label", { for: name.id }, say("flowName")), name),
        this.channels(),
        this.teams(),
        this.policy(),
      ),
    );
    this.showProblems();
  }

  /** One failure policy for all failure ways that lead nowhere: the settings of a retry, kept by the flow. */
  private policy(): HTMLElement | false {
    const { editor } = this;
    const { say } = editor;
    const kind = editor.palette.kinds.find((one) => one.kind === "retry");
    if (kind === undefined) return false;
    const settings = editor.policy;
    const box = h("input", {
      type: "checkbox",
      class: "toggle",
      role: "switch",
      id: freshId("policy"),
      change: () => {
        editor.change(
          doc.withPolicy(editor.document, box.checked ? {} : undefined),
          say("didChange", { step: say("theFlow") }),
        );
        this.showFlow();
        this.body.querySelector<HTMLElement>(".flow-policy .toggle")?.focus();
      },
    });
    box.checked = settings !== undefined;
    this.form =
      settings === undefined
        ? null
        : new Form(
            kind,
            settings,
            this.surroundings((changed, key) =>
              editor.change(
                doc.withPolicy(editor.document, changed),
                say("didChange", { step: say("theFlow") }),
                key && `failures:${key}`,
              ),
            ),
          );
    return h(
      "section",
      { class: "flow-policy form" },
      h("div", { class: "field is-inline" }, h("label", { for: box.id }, say("flowFailures")), box),
      h("p", { class: "hint" }, say("flowFailuresHelp")),
      this.form?.element ?? false,
    );
  }

  focusChannels(): void {
    this.body.querySelector<HTMLElement>(".flow-channels input")?.focus();
  }

  private channels(): HTMLElement {
    const { editor } = this;
    const { say } = editor;
    const chosen = new Set(textsIn(editor.document.channels));
    const known = [...editor.palette.channels];
    for (const key of chosen) if (!known.some((one) => one.key === key)) known.push({ key, label: key });
    const boxes = known.map((channel) => {
      const box = h("input", {
        type: "checkbox",
        change: () => {
          if (box.checked) chosen.add(channel.key);
          else chosen.delete(channel.key);
          editor.change(
            { ...editor.document, channels: [...chosen] },
            say("didChange", { step: say("theFlow") }),
          );
        },
      });
      box.checked = chosen.has(channel.key);
      const away = channel.flow !== undefined && channel.flow.key !== editor.document.key;
      const note = away && h("span", { class: "hint" }, say("takenBy", { flow: channel.flow.label }));
      return h("label", { class: "check" }, box, h("span", {}, channel.label), note);
    });
    return h(
      "div",
      { class: "field flow-channels", role: "group", "aria-label": say("flowChannels") },
      h("span", { class: "label" }, say("flowChannels")),
      h("span", { class: "hint" }, say("flowChannelsHelp")),
      h("div", { class: "checks" }, ...boxes),
      h("input", {
        class: "input",
        type: "text",
        maxlength: 64,
        placeholder: say("otherChannel"),
        "aria-label": say("otherChannel"),
        change: (event: Event) => {
          const name = (event.target as HTMLInputElement).value.trim();
          if (name === "") return;
          chosen.add(name);
          editor.change(
            { ...editor.document, channels: [...chosen] },
            say("didChange", { step: say("theFlow") }),
          );
          this.showFlow();
        },
      }),
    );
  }

  private teams(): HTMLElement | false {
    const { editor } = this;
    const { say } = editor;
    const teams = doc.teamsIn(editor.document);
    if (teams.length === 0) return false;
    const names = teams.map((team) => {
      const { key, name } = team as { readonly key?: string; readonly name?: doc.Words };
      return h("li", { class: "chip" }, said(name, editor.language) || (key ?? ""));
    });
    return h(
      "div",
      { class: "field" },
      h("span", { class: "label" }, say("flowTeams")),
      h("span", { class: "hint" }, say("flowTeamsHelp")),
      h("ul", { class: "chips" }, ...names),
    );
  }
}

/** A problem of the flow's policy is told beside its field. */
function withinPolicy(problem: Problem): Problem {
  return { ...problem, where: problem.where.replace(/^failures\./, "") };
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}
