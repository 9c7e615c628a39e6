// Times and numbers as people of a locale write them. Times are milliseconds since 1970 UTC.

const DAY_MS = 86_400_000

/** The formatters of a locale are dear to make, and kept. */
const made = new Map<string, Intl.DateTimeFormat>()

function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options)
  const found = made.get(key) ?? new Intl.DateTimeFormat(locale, options)
  made.set(key, found)
  return found
}

/** The time of day: 14:05. */
export function clock(at: number, locale: string): string {
  return formatter(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at)
}

/** How many midnights lie between two times, here. */
export function daysBetween(earlier: number, later: number): number {
  return Math.round((midnight(later) - midnight(earlier)) / DAY_MS)
}

/** A day as a heading: today, yesterday, a weekday, a date. */
export function day(
  at: number,
  now: number,
  locale: string,
  words: { today: string; yesterday: string },
): string {
  const ago = daysBetween(at, now)
  if (ago === 0) return words.today
  if (ago === 1) return words.yesterday
  if (ago > 1 && ago < 7) return formatter(locale, { weekday: "long" }).format(at)
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear()
  const year = sameYear ? {} : ({ year: "numeric" } as const)
  return formatter(locale, { month: "long", day: "numeric", ...year }).format(at)
}

/** When something was, in a list: a time today, else a day. */
export function moment(
  at: number,
  now: number,
  locale: string,
  words: { today: string; yesterday: string },
): string {
  const ago = daysBetween(at, now)
  if (ago === 0) return clock(at, locale)
  if (ago === 1) return words.yesterday
  if (ago > 1 && ago < 7) return formatter(locale, { weekday: "short" }).format(at)
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear()
  const year = sameYear ? {} : ({ year: "numeric" } as const)
  return formatter(locale, { month: "short", day: "numeric", ...year }).format(at)
}

/** Day and time, for who wants to know exactly. */
export function exactly(at: number, locale: string): string {
  return formatter(locale, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }).format(at)
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0)
}
