/** Finding by a few letters: how well a text answers to what was typed. */

const EXACT = 1_000;
const START = 800;
const WORD_START = 600;
const INSIDE = 400;
const SCATTERED = 100;

/** How well `text` answers to all the words of `wanted`; undefined when it does not. More is better. */
export function answers(wanted: string, text: string): number | undefined {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const target = text.toLowerCase();
  let sum = 0;
  for (const word of words) {
    const score = answersWord(word, target);
    if (score === undefined) return undefined;
    sum += score;
  }
  return words.length === 0 ? 0 : sum / words.length - target.length / 100;
}

function answersWord(word: string, target: string): number | undefined {
  if (target === word) return EXACT;
  const at = target.indexOf(word);
  if (at === 0) return START;
  if (at > 0) return /[\p{L}\p{N}]/u.test(target[at - 1] ?? "") ? INSIDE : WORD_START;
  return scattered(word, target);
}

/** Letters in their order with others between, as in `apl` for "approval"; the closer together the better. */
function scattered(word: string, target: string): number | undefined {
  if (word.length < 2) return undefined;
  let from = 0;
  let first = -1;
  for (const letter of word) {
    const at = target.indexOf(letter, from);
    if (at < 0) return undefined;
    if (first < 0) first = at;
    from = at + 1;
  }
  const spread = from - first - word.length;
  return spread > word.length * 2 + 2 ? undefined : SCATTERED - spread;
}

/** Those that answer, the best first; equals stay as they were. */
export function best<T>(wanted: string, all: readonly T[], textOf: (one: T) => string): T[] {
  return all
    .map((one, index) => ({ one, index, score: answers(wanted, textOf(one)) }))
    .filter((found): found is { one: T; index: number; score: number } => found.score !== undefined)
    .sort((one, other) => other.score - one.score || one.index - other.index)
    .map(({ one }) => one);
}
