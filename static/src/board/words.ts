/** What the board says, told by the page in the reader's language. */

export interface Words {
  /** A sentence by its name, with its places filled. */
  say(name: string, places?: Readonly<Record<string, string | number>>): string;
  /** A length of time in its largest unit. */
  span(milliseconds: number): string;
  /** The time of day, in the zone of the business. */
  clock(at: number): string;
}

const MINUTE = 60_000;

export function wordsOf({ dataset }: HTMLElement): Words {
  const format = new Intl.DateTimeFormat(dataset.language, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: dataset.zone,
  });
  const day = new Intl.DateTimeFormat(dataset.language, {
    month: "short",
    day: "numeric",
    timeZone: dataset.zone,
  });
  const say: Words["say"] = (name, places = {}) => {
    const key = `say-${name}`.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    const sentence = dataset[key] ?? "";
    return sentence.replace(/\{(\w+)\}/g, (_, place: string) => String(places[place] ?? ""));
  };
  return {
    say,
    span(milliseconds) {
      const minutes = Math.floor(Math.max(0, milliseconds) / MINUTE);
      if (minutes < 120) return say("minutes", { n: minutes });
      if (minutes < 48 * 60) return say("hours", { n: Math.floor(minutes / 60) });
      return say("days", { n: Math.floor(minutes / 60 / 24) });
    },
    clock: (at) =>
      day.format(at) === day.format(Date.now())
        ? format.format(at)
        : `${day.format(at)} ${format.format(at)}`,
  };
}
