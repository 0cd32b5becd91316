/**
 * A long list of which only what is seen is in the page: elements are made once and laid anew while it scrolls.
 *
 * Lines have a height each; their places are summed once for a list, and found by halving.
 */

const BEYOND = 6;

export interface Lines<Line> {
  /** Pixels. */
  height(line: Line): number;
  /** Lines of one kind share elements. */
  kind(line: Line): string;
  make(kind: string): HTMLElement;
  fill(element: HTMLElement, line: Line, index: number): void;
}

interface Shown {
  readonly element: HTMLElement;
  readonly kind: string;
}

export class Window<Line> {
  readonly room = document.createElement("div");
  private lines: readonly Line[] = [];
  private tops: number[] = [0];
  private readonly shown = new Map<number, Shown>();
  private readonly spare = new Map<string, HTMLElement[]>();
  private asked = 0;

  constructor(
    private readonly frame: HTMLElement,
    private readonly how: Lines<Line>,
  ) {
    this.room.className = "board-rows";
    frame.append(this.room);
    frame.addEventListener("scroll", () => this.ask(), { passive: true });
    new ResizeObserver(() => this.measure()).observe(frame);
  }

  /** Show these lines from now on. */
  show(lines: readonly Line[]): void {
    this.lines = lines;
    this.measure();
  }

  /** Fill anew what is seen. */
  refresh(): void {
    for (const [index, { element }] of this.shown) {
      const line = this.lines[index];
      if (line !== undefined) this.how.fill(element, line, index);
    }
  }

  /** Scroll so that this line is seen. */
  reveal(index: number): void {
    const { frame } = this;
    const [top, bottom] = [this.tops[index] ?? 0, this.tops[index + 1] ?? 0];
    if (top < frame.scrollTop) frame.scrollTop = top;
    else if (bottom > frame.scrollTop + frame.clientHeight) frame.scrollTop = bottom - frame.clientHeight;
    this.lay();
  }

  private measure(): void {
    const tops = [0];
    let top = 0;
    for (const line of this.lines) tops.push((top += this.how.height(line)));
    this.tops = tops;
    this.room.style.height = `${top}px`;
    this.lay();
    this.refresh();
  }

  private ask(): void {
    if (this.asked === 0)
      this.asked = requestAnimationFrame(() => {
        this.asked = 0;
        this.lay();
      });
  }

  private lay(): void {
    const { scrollTop, clientHeight } = this.frame;
    const first = Math.max(0, this.at(scrollTop) - BEYOND);
    const last = Math.min(this.lines.length - 1, this.at(scrollTop + clientHeight) + BEYOND);
    for (const [index, one] of this.shown) {
      const line = this.lines[index];
      if (index >= first && index <= last && line !== undefined && this.how.kind(line) === one.kind) continue;
      this.shown.delete(index);
      this.spares(one.kind).push(one.element);
    }
    for (let index = first; index <= last; index += 1) this.place(index);
    for (const spare of this.spare.values()) for (const element of spare) hide(element, true);
  }

  private place(index: number): void {
    const line = this.lines[index];
    if (line === undefined) return;
    const known = this.shown.get(index);
    const kind = this.how.kind(line);
    const element = known?.element ?? this.spares(kind).pop() ?? this.made(kind);
    const top = `translateY(${this.tops[index] ?? 0}px)`;
    if (element.style.transform !== top) element.style.transform = top;
    if (known !== undefined) return;
    hide(element, false);
    this.shown.set(index, { element, kind });
    this.how.fill(element, line, index);
  }

  private made(kind: string): HTMLElement {
    const element = this.how.make(kind);
    this.room.append(element);
    return element;
  }

  private spares(kind: string): HTMLElement[] {
    let found = this.spare.get(kind);
    if (found === undefined) this.spare.set(kind, (found = []));
    return found;
  }

  /** The line at this height. */
  private at(height: number): number {
    let [low, high] = [0, Math.max(0, this.lines.length - 1)];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.tops[middle] ?? 0) <= height) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** An element that goes from one line to another within a frame is never hidden between them. */
function hide(element: HTMLElement, wanted: boolean): void {
  if (element.hidden !== wanted) element.hidden = wanted;
}
