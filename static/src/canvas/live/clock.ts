/** Times as the shop's own clock tells them, wherever the reader is: 24 hours, with the day where that is not today. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export class Clock {
  constructor(
    private readonly language: string,
    private readonly zone: string,
  ) {}

  /** The time of day of a moment in milliseconds. */
  at(millis: number, seconds = false): string {
    const now = this.format(Date.now(), { dateStyle: "short" });
    const today = this.format(millis, { dateStyle: "short" }) === now;
    return this.format(millis, {
      ...(!today && { month: "short", day: "numeric" }),
      hour: "2-digit",
      minute: "2-digit",
      ...(seconds && { second: "2-digit" }),
      hourCycle: "h23",
    });
  }

  /** Within the hour how long ago it was, else when. */
  ago(millis: number): string {
    const passed = Math.max(0, Date.now() - millis);
    const relative = new Intl.RelativeTimeFormat(this.language, { style: "short", numeric: "auto" });
    if (passed < MINUTE) return relative.format(-Math.round(passed / 1000), "second");
    if (passed < HOUR) return relative.format(-Math.round(passed / MINUTE), "minute");
    return this.at(millis);
  }

  private format(millis: number, shape: Intl.DateTimeFormatOptions): string {
    return new Intl.DateTimeFormat(this.language, { ...shape, timeZone: this.zone }).format(millis);
  }
}
