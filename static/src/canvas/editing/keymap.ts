/** Which keys do what: what a press of keys is called, and what a person has made of the keys that we ship. */

const LETTER = /^[a-z]$/i;
const MODIFIERS: ReadonlySet<string> = new Set(["Control", "Meta", "Alt", "Shift", "AltGraph", "CapsLock"]);
/** Presses that the browser does not give to a page, or that people need to find their way about in it. */
const NOT_OURS: ReadonlySet<string> = new Set([
  ...["Ctrl+T", "Ctrl+N", "Ctrl+W", "Ctrl+R", "Ctrl+Shift+T", "Ctrl+Shift+N", "Ctrl+Shift+W", "Ctrl+Tab"],
  ...["F5", "F11", "F12", "Escape", "Shift+Tab", "Alt+F4"],
]);

export interface Press {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

/** A press of keys as text, such as `Ctrl+Shift+Z` or `?`; empty while only Shift and its like are held down. */
export function chordOf(press: Press): string {
  const key = keyOf(press);
  if (key === "") return "";
  const isSign = key.length === 1 && !LETTER.test(key) && !/\d/.test(key);
  const parts: string[] = [];
  if (press.ctrlKey || press.metaKey) parts.push("Ctrl");
  if (press.altKey) parts.push("Alt");
  if (press.shiftKey && !isSign) parts.push("Shift");
  return [...parts, key].join("+");
}

function keyOf({ key, code }: Press): string {
  if (MODIFIERS.has(key) || key === "Dead" || key === "Process") return "";
  if (key === " ") return "Space";
  if (LETTER.test(key)) return key.toUpperCase();
  // Letters of other scripts, and what Alt makes of letters on a Mac: the key itself counts.
  if (key.length === 1 && key > "~" && code.startsWith("Key")) return code.slice(3);
  return key;
}

/** A chord as it is printed on keys: `Ctrl ⇧ Z`. */
export function shown(chord: string): string {
  return partsOf(chord)
    .map((part) => PRINTED[part] ?? part)
    .join(" ");
}

/** The chord as assistive technology wants it (`aria-keyshortcuts`). */
export function spoken(chord: string): string {
  return chord.replace("Ctrl", "Control");
}

const PRINTED: Readonly<Record<string, string>> = {
  Shift: "⇧",
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Delete: "Del",
  Backspace: "⌫",
  Escape: "Esc",
  "-": "−",
};

function partsOf(chord: string): string[] {
  return chord.endsWith("++")
    ? [...chord.slice(0, -2).split("+"), "+"]
    : chord === "+"
      ? ["+"]
      : chord.split("+");
}

/** Whether a page may use this press at all. */
export function isFree(chord: string): boolean {
  return chord !== "" && !NOT_OURS.has(chord);
}

/** Where a person's own keys are kept. */
export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** What a person has made of the keys: commands that have other keys than those that we ship. */
export class Keymap {
  private own: Readonly<Record<string, readonly string[]>>;

  constructor(
    private readonly store: Store,
    private readonly name: string,
  ) {
    this.own = read(store, name);
  }

  keysOf(command: { readonly id: string; readonly keys: readonly string[] }): readonly string[] {
    return this.own[command.id] ?? command.keys;
  }

  isOwn(id: string): boolean {
    return id in this.own;
  }

  get isChanged(): boolean {
    return Object.keys(this.own).length > 0;
  }

  set(id: string, keys: readonly string[]): void {
    this.keep({ ...this.own, [id]: keys });
  }

  /** Back to the keys that we ship, for one command or for all. */
  reset(id?: string): void {
    this.keep(
      id === undefined ? {} : Object.fromEntries(Object.entries(this.own).filter(([one]) => one !== id)),
    );
  }

  private keep(own: Readonly<Record<string, readonly string[]>>): void {
    this.own = own;
    try {
      this.store.setItem(this.name, JSON.stringify(own));
    } catch {
      // A browser that keeps nothing: the keys hold until the page is left.
    }
  }
}

function read(store: Store, name: string): Readonly<Record<string, readonly string[]>> {
  try {
    const value = JSON.parse(store.getItem(name) ?? "{}") as Record<string, unknown>;
    const lists = Object.entries(value).filter(([, keys]) => isTexts(keys));
    return Object.fromEntries(lists) as Record<string, readonly string[]>;
  } catch {
    return {};
  }
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
