/** The tools for what is selected: they appear above the canvas when several things are. */

import { button, h, type IconName } from "../dom";
import type { Editor } from "../editor";
import type { Commands } from "./commands";

const TOOLS: readonly (readonly (readonly [string, IconName])[])[] = [
  [
    ["align-left", "alignLeft"],
    ["align-centre", "alignCentre"],
    ["align-right", "alignRight"],
    ["align-top", "alignTop"],
    ["align-middle", "alignMiddle"],
    ["align-bottom", "alignBottom"],
  ],
  [
    ["distribute-across", "spaceAcross"],
    ["distribute-down", "spaceDown"],
  ],
  [
    ["tidy-selected", "tidy"],
    ["tidy-selected-down", "tidyDown"],
  ],
  [
    ["group", "group"],
    ["pin", "pin"],
    ["duplicate", "copy"],
    ["delete", "trash"],
  ],
];

export class SelectionTools {
  readonly element = h("div", { class: "selection-tools canvas-float", role: "toolbar", hidden: true });
  private readonly count = h("span", { class: "selection-count" });
  private readonly buttons = new Map<string, HTMLButtonElement>();

  constructor(
    private readonly editor: Editor,
    private readonly commands: Commands,
  ) {
    this.element.setAttribute("aria-label", editor.say("selectionTools"));
    this.element.append(this.count);
    for (const tools of TOOLS) {
      this.element.append(
        h("span", { class: "tool-gap" }),
        ...tools.map(([id, picture]) => this.tool(id, picture)),
      );
    }
    for (const topic of ["selection", "document"] as const) editor.on(topic, () => this.follow());
  }

  private tool(id: string, picture: IconName): HTMLButtonElement {
    const tool = button(this.commands.nameOf(id), () => this.commands.run(id), {
      icon: picture,
      class: "button quiet icon-only",
    });
    tool.dataset.command = id;
    this.buttons.set(id, tool);
    return tool;
  }

  private follow(): void {
    const { editor, commands } = this;
    const count = editor.selected.size + editor.selectedNotes.size;
    this.element.hidden = count < 2 || editor.readOnly;
    if (this.element.hidden) return;
    this.count.textContent = editor.say("selectedCount", { count });
    for (const [id, tool] of this.buttons) {
      tool.disabled = !commands.can(id);
      tool.title = commands.titleOf(id);
    }
  }
}
