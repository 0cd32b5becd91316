/** Elements without a framework: `h("button", { class: "icon" }, "Save")`. No markup is ever parsed from text. */

export type Child = Node | string | null | undefined | false;

export type Attributes = Readonly<
  Record<string, string | number | boolean | null | undefined | ((event: never) => void)>
>;

export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value as EventListener);
    else if (name === "value" && "value" in element) (element as { value: unknown }).value = String(value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

export function append(parent: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child);
  }
}

const SVG = "http://www.w3.org/2000/svg";

/** Line icons of the canvas itself, as paths on a 16 × 16 field. */
const ICONS = {
  undo: "M5.5 3 2.5 6l3 3M3 6h6.5a4 4 0 0 1 0 8H7",
  redo: "M10.5 3l3 3-3 3M13 6H6.5a4 4 0 0 0 0 8H9",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  fit: "M2.5 6V3.5a1 1 0 0 1 1-1H6M10 2.5h2.5a1 1 0 0 1 1 1V6M13.5 10v2.5a1 1 0 0 1-1 1H10M6 13.5H3.5a1 1 0 0 1-1-1V10",
  tidy: "M2.5 3h4v3h-4zM9.5 2.5h4v3h-4zM9.5 10.5h4v3h-4zM6.5 4.5h3M4.5 6v6h5",
  list: "M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01",
  drawing: "M2 5.5h4v4H2zM10 2.5h4v4h-4zM10 9.5h4v4h-4zM6 7.5h2M8 4.5v7M8 4.5h2M8 11.5h2",
  keys: "M1.5 4.5h13v7h-13zM4 7h.01M6.7 7h.01M9.3 7h.01M12 7h.01M5 9.5h6",
  close: "M4 4l8 8M12 4l-8 8",
  up: "M8 12.5v-9M4 7.5l4-4 4 4",
  down: "M8 3.5v9M4 8.5l4 4 4-4",
  chevron: "M6 4l4 4-4 4",
  back: "M10 4 6 8l4 4",
  search: "M7 12a5 5 0 1 1 0-10 5 5 0 0 1 0 10ZM10.7 10.7 14 14",
  trash: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.5 8.5h6l.5-8.5M6.8 7v3.5M9.2 7v3.5",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  check: "M3 8.5l3.2 3.2L13 4.8",
  alert: "M8 2 1.5 13.5h13zM8 6.5v3M8 11.5h.01",
  error: "M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4ZM8 4.8v4M8 11.2h.01",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  cloud: "M4.5 12.5a3 3 0 0 1-.3-6A4 4 0 0 1 12 6a3.3 3.3 0 0 1-.5 6.5z",
  braces:
    "M6 2.5c-2 0-2 1-2 2.5S4 7.5 2.5 8C4 8.5 4 9.5 4 11s0 2.5 2 2.5M10 2.5c2 0 2 1 2 2.5s0 2.5 1.5 3C12 8.5 12 9.5 12 11s0 2.5-2 2.5",
  box: "M8 1.8 2.2 5v6L8 14.2 13.8 11V5zM2.2 5 8 8.2 13.8 5M8 8.2v6",
  print: "M4.5 6V2.5h7V6M4.5 11.5h-2V6h11v5.5h-2M4.5 9.5h7v4h-7z",
  past: "M2.5 8a5.5 5.5 0 1 0 1.8-4.1M2.5 2.8v3h3M8 5v3.2l2.2 1.4",
  pin: "M6 2h4l-.5 4.5L12 9H4l2.5-2.5zM8 9v5",
  note: "M3 2.5h10v7.5l-3.5 3.5H3zM9.5 13.5V10H13",
  group: "M2 4V2.5h3M11 2.5h3V4M14 12v1.5h-3M5 13.5H2V12M5 5.5h6v5H5z",
  fold: "M5 2.5 8 5.5l3-3M5 13.5l3-3 3 3M3 8h10",
  unfold: "M5 5.5 8 2.5l3 3M5 10.5l3 3 3-3M3 8h10",
  lasso:
    "M8 2.5c3.3 0 6 1.6 6 3.8s-2.7 3.7-6 3.7-6-1.5-6-3.7 2.7-3.8 6-3.8ZM5 9.8c-.8.6-.8 1.7.2 2.1 1 .4 1.3 1 .8 1.8",
  command: "M2.5 4l3 3-3 3M7.5 11h6",
  alignLeft: "M2.5 2v12M5 4h8v3H5zM5 9.5h5v3H5z",
  alignCentre: "M8 2v2M8 7v2.5M8 12.5V14M4 4h8v3H4zM5.5 9.5h5v3h-5z",
  alignRight: "M13.5 2v12M3 4h8v3H3zM6 9.5h5v3H6z",
  alignTop: "M2 2.5h12M4 5h3v8H4zM9.5 5h3v5h-3z",
  alignMiddle: "M2 8h2M7 8h2.5M12.5 8H14M4 4h3v8H4zM9.5 5.5h3v5h-3z",
  alignBottom: "M2 13.5h12M4 3h3v8H4zM9.5 6h3v5h-3z",
  spaceAcross: "M2.5 2v12M13.5 2v12M6 5h4v6H6z",
  spaceDown: "M2 2.5h12M2 13.5h12M5 6h6v4H5z",
  tidyDown: "M5.5 2.5h5v3h-5zM2 10.5h5v3H2zM9 10.5h5v3H9zM8 5.5v2.5M4.5 10.5V8h7v2.5",
  panel: "M2 3h12v10H2zM6 3v10",
  wand: "M2.5 13.5 9.5 6.5M11.5 1.5v3M10 3h3M13.5 7v2M12.5 8h2M6 2v2M5 3h2",
} as const;

export type IconName = keyof typeof ICONS;

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "ico");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A drawing that the server sent (a node type's own icon), as elements. Anything that is no drawing becomes a box. */
export function drawing(source: string): SVGElement {
  // What cannot be read becomes a page about the error, with styles that our policy forbids.
  if (!source.trimStart().startsWith("<")) return icon("box");
  const parsed = new DOMParser().parseFromString(source, "image/svg+xml").documentElement;
  if (parsed.nodeName !== "svg") return icon("box");
  const svg = document.importNode(parsed, true) as unknown as SVGElement;
  for (const unwanted of svg.querySelectorAll("script, style, foreignObject")) unwanted.remove();
  svg.setAttribute("aria-hidden", "true");
  return svg;
}

export function button(
  label: string,
  press: (event: MouseEvent) => void,
  options: { icon?: IconName; class?: string; text?: boolean; pressed?: boolean } = {},
): HTMLButtonElement {
  const shown = options.text ?? options.icon === undefined;
  return h(
    "button",
    {
      type: "button",
      class: options.class ?? (shown ? "button" : "icon-button"),
      "aria-label": shown ? null : label,
      title: shown ? null : label,
      "aria-pressed": options.pressed === undefined ? null : String(options.pressed),
      click: press,
    },
    options.icon !== undefined && icon(options.icon),
    shown && label,
  );
}

let counter = 0;

export function freshId(prefix: string): string {
  counter += 1;
  return `${prefix}-${counter}`;
}
