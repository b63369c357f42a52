/** Times as people say them. All times are milliseconds since 1970, shown in the reader's own time zone. */

const DAY_MS = 24 * 60 * 60 * 1000;

/** Whether two times are on the same day. */
export function sameDay(a: number, b: number): boolean {
  return startOfDay(a) === startOfDay(b);
}

/**
 * The day of `time`, seen from `now`: "Today", "Yesterday", a weekday within the last week, or the date.
 *
 * @example dayLabel(now - 1000, now) // "Today", unless it is just past midnight
 */
export function dayLabel(time: number, now: number, locale?: string): string {
  // Rounded, because a day on which the clocks change has 23 or 25 hours.
  const daysAgo = Math.round((startOfDay(now) - startOfDay(time)) / DAY_MS);
  if (daysAgo === 0) return "Today";
  if (daysAgo === 1) return "Yesterday";
  const date = new Date(time);
  if (daysAgo > 1 && daysAgo < 7) return date.toLocaleDateString(locale, { weekday: "long" });
  const thisYear = date.getFullYear() === new Date(now).getFullYear();
  return date.toLocaleDateString(locale, {
    day: "numeric",
    month: "long",
    ...(thisYear ? {} : { year: "numeric" }),
  });
}

/** The time of day, as in "14:05" or "2:05 PM". */
export function clockTime(time: number, locale?: string): string {
  return new Date(time).toLocaleTimeString(locale, { hour: "numeric", minute: "2-digit" });
}

/** Date and time in full, for those who point at a time. */
export function fullTime(time: number, locale?: string): string {
  return new Date(time).toLocaleString(locale, { dateStyle: "full", timeStyle: "medium" });
}

function startOfDay(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}
