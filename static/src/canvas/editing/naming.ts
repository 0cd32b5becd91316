/** Renaming in place: a field over the name on a card or a frame. */

import { said } from "../document";
import { h } from "../dom";
import type { Drawing } from "../drawing";
import type { Editor } from "../editor";
import { groupsOf, LONGEST_NAME } from "../layout";
import { CARD_WIDTH, frameAround, HEAD_HEIGHT, type Rect } from "../shape";
import type { Shaping } from "./shaping";

export class Naming {
  private field: HTMLInputElement | null = null;
  private area: Rect | null = null;

  constructor(
    private readonly surface: HTMLElement,
    private readonly editor: Editor,
    private readonly drawing: Drawing,
    private readonly shaping: Shaping,
  ) {}

  renameStep(id: string): void {
    const { editor, drawing } = this;
    drawing.reveal(id);
    const rect = drawing.rectOf(id);
    const node = editor.node(id);
    if (rect === undefined || node === undefined) return;
    const area = { x: rect.x + 46, y: rect.y + 6, width: CARD_WIDTH - 56, height: HEAD_HEIGHT / 2 };
    this.ask(area, said(node.name, editor.language), editor.nameOf(id), (name) => editor.rename(id, name));
  }

  renameGroup(id: string): void {
    const { editor, drawing } = this;
    const group = groupsOf(editor.document).find((one) => one.id === id);
    if (group === undefined) return;
    const cards = group.nodes.map((node) => drawing.rectOf(node)).filter((rect) => rect !== undefined);
    const frame = frameAround(cards);
    const card = cards[0];
    const area =
      group.collapsed && card !== undefined
        ? { x: card.x + 46, y: card.y + 6, width: CARD_WIDTH - 56, height: HEAD_HEIGHT / 2 }
        : {
            x: frame.x + 28,
            y: frame.y + 6,
            width: Math.min(frame.width - 40, 280),
            height: HEAD_HEIGHT / 2,
          };
    this.ask(area, group.name, group.name, (name) => this.shaping.nameGroup(id, name));
  }

  /** Keep the field over its name; called when the view has moved. */
  lay(): void {
    const { field, area, drawing } = this;
    if (field === null || area === null) return;
    const at = drawing.toContainer(area);
    const zoom = Math.max(drawing.zoom, 0.8);
    field.style.left = `${at.x}px`;
    field.style.top = `${at.y}px`;
    field.style.width = `${area.width * zoom}px`;
    field.style.height = `${area.height * zoom}px`;
    field.style.fontSize = `${13 * zoom}px`;
  }

  private ask(area: Rect, name: string, placeholder: string, give: (name: string) => void): void {
    const { surface } = this;
    let isLeft = false;
    const field = h("input", {
      class: "input canvas-rename canvas-float",
      type: "text",
      maxlength: LONGEST_NAME,
      value: name,
      placeholder,
      "aria-label": this.editor.say("keyRename"),
      keydown: (event: KeyboardEvent) => {
        if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
        event.preventDefault();
        event.stopPropagation();
        isLeft = event.key === "Escape";
        surface.focus({ preventScroll: true });
      },
      blur: () => {
        field.remove();
        this.field = null;
        if (!isLeft && field.value.trim() !== name) give(field.value);
      },
    });
    surface.append(field);
    this.field = field;
    this.area = area;
    this.lay();
    field.focus({ preventScroll: true });
    field.select();
  }
}
