/** What the board says, told by the page in the reader's language. */

export interface Words {
  /** A sentence by its name, with its places filled. */
  say(name: string, places?: Readonly<Record<string, string | number>>): string;
  /** So many orders. */
  orders(number: number): string;
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
  // Both are asked for again and again: by each row that is shown, every second.
  const sentences = new Map<string, string>();
  const clocks = new Map<number, string>();
  let clocksOf = "";
  const sentenceOf = (name: string): string => {
    let found = sentences.get(name);
    if (found === undefined) {
      const key = `say-${name}`.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      sentences.set(name, (found = dataset[key] ?? ""));
    }
    return found;
  };
  const say: Words["say"] = (name, places) => {
    const sentence = sentenceOf(name);
    if (places === undefined) return sentence;
    return sentence.replace(/\{(\w+)\}/g, (_, place: string) => String(places[place] ?? ""));
  };
  return {
    say,
    orders: (number) => (number === 1 ? say("one-order") : say("orders", { n: number })),
    span(milliseconds) {
      const minutes = Math.floor(Math.max(0, milliseconds) / MINUTE);
      if (minutes < 120) return say("minutes", { n: minutes });
      if (minutes < 48 * 60) return say("hours", { n: Math.floor(minutes / 60) });
      return say("days", { n: Math.floor(minutes / 60 / 24) });
    },
    clock(at) {
      const minute = Math.floor(at / MINUTE);
      const today = day.format(Date.now());
      if (today !== clocksOf) {
        clocks.clear();
        clocksOf = today;
      }
      let told = clocks.get(minute);
      if (told === undefined) {
        const on = day.format(at);
        told = on === today ? format.format(at) : `${on} ${format.format(at)}`;
        clocks.set(minute, told);
      }
      return told;
    },
  };
}
