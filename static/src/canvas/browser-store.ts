/** What the browser keeps for a person. Where it may keep nothing, the page forgets when it is left. */

export interface BrowserStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
  keys(): readonly string[];
}

/** The named store of this browser; one that keeps nothing where it is forbidden. */
export function browserStore(which: "localStorage" | "sessionStorage"): BrowserStore {
  const found = allowed(which);
  return {
    getItem: (key) => found?.getItem(key) ?? null,
    setItem: (key, value) => {
      if (found === null) throw new Error("This browser keeps nothing.");
      found.setItem(key, value);
    },
    removeItem: (key) => found?.removeItem(key),
    keys: () => (found === null ? [] : Object.keys(found)),
  };
}

/** Keep it if there is room and leave for it; what cannot be kept is no reason to stop. */
export function keepIfPossible(store: BrowserStore, key: string, value: string): boolean {
  try {
    store.setItem(key, value);
    return true;
  } catch {
    return false;
  }
}

function allowed(which: "localStorage" | "sessionStorage"): Storage | null {
  try {
    return window[which];
  } catch {
    return null;
  }
}
