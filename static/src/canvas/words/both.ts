/** Words in both languages; the type makes a missing translation, and one too many, a build error. */

export interface InBoth<Word extends string> {
  readonly en: Readonly<Record<Word, string>>;
  readonly zh: Readonly<Record<Word, string>>;
}

export function inBoth<Word extends string>(
  en: Readonly<Record<Word, string>>,
  zh: Readonly<Record<NoInfer<Word>, string>>,
): InBoth<Word> {
  return { en, zh };
}
