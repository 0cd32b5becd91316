/** A step type's help page (a little Markdown: headings, lists, paragraphs, strong and stressed words, code) as elements. */

import { h } from "./dom";

export function guideElements(markdown: string): HTMLElement[] {
  const blocks = markdown.split(/\n{2,}/).map((block) => block.trim());
  return blocks.flatMap((block) => (block === "" || block.startsWith("# ") ? [] : [blockElement(block)]));
}

function blockElement(block: string): HTMLElement {
  const heading = /^#{2,}\s+(.*)$/.exec(block);
  if (heading !== null) return h("h4", {}, ...inline(heading[1] ?? ""));
  if (/^[-*] /.test(block)) return h("ul", {}, ...items(block, /\n(?=[-*] )/, /^[-*] /));
  if (/^\d+\. /.test(block)) return h("ol", {}, ...items(block, /\n(?=\d+\. )/, /^\d+\. /));
  return h("p", {}, ...inline(block));
}

function items(block: string, between: RegExp, mark: RegExp): HTMLElement[] {
  return block.split(between).map((item) => h("li", {}, ...inline(item.replace(mark, ""))));
}

function inline(text: string): (Node | string)[] {
  return (
    text
      // Lines of Chinese go on without a space.
      .replace(/(\p{Script=Han}|[，。；：、）」”])\s*\n\s*(?=\p{Script=Han}|[（「“])/gu, "$1")
      .replace(/\s*\n\s*/g, " ")
      .split(/(\*\*[^*]+\*\*|\*[^*\s][^*]*\*|`[^`]+`)/)
      .map((part) => {
        if (part.startsWith("**")) return h("strong", {}, part.slice(2, -2));
        if (part.startsWith("*")) return h("em", {}, part.slice(1, -1));
        return part.startsWith("`") ? h("code", {}, part.slice(1, -1)) : part;
      })
  );
}
