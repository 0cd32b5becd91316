/** When something happened, as people say it. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Times are told in the zone of the business, as on all pages, wherever the browser is. */
let zone: string | undefined;

export function tellTimesIn(name: string | undefined): void {
  zone = name === "" ? undefined : name;
}

/** Within the hour "20 seconds ago", on the same day the time, else day and time. */
export function ago(at: string, language: string, now = Date.now()): string {
  const time = new Date(at);
  const passed = now - time.getTime();
  const relative = new Intl.RelativeTimeFormat(language, { style: "short", numeric: "auto" });
  if (passed < MINUTE) return relative.format(-Math.max(0, Math.round(passed / 1000)), "second");
  if (passed < HOUR) return relative.format(-Math.round(passed / MINUTE), "minute");
  return clock(at, language, now);
}

/** The time of day; with its day where that is not today. */
export function clock(at: string, language: string, now = Date.now()): string {
  const time = new Date(at);
  const inZone = zone === undefined ? {} : { timeZone: zone };
  const dayOf = (date: Date): string => date.toLocaleDateString("en", inZone);
  const today = dayOf(time) === dayOf(new Date(now));
  const day: Intl.DateTimeFormatOptions = today ? {} : { month: "short", day: "numeric" };
  return time.toLocaleString(language, { ...day, ...inZone, hour: "2-digit", minute: "2-digit" });
}
