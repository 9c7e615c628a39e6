// When something takes place: by the clock of the place, not by that of who reads it. Times are
// milliseconds since 1970 UTC.

/** From when to when, as people of a locale write it; `zone` is named where it is not this one. */
export function timesText(
  starts: number,
  ends: number | null | undefined,
  zone: string | undefined,
  locale: string,
): string {
  const formatter = formatterOf(zone, locale)
  return ends && ends > starts ? formatter.formatRange(starts, ends) : formatter.format(starts)
}

function formatterOf(zone: string | undefined, locale: string): Intl.DateTimeFormat {
  const options: Intl.DateTimeFormatOptions = {
    ...{ weekday: "short", month: "long", day: "numeric" },
    ...{ hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  }
  const here = new Intl.DateTimeFormat(locale, options)
  if (!zone || zone === here.resolvedOptions().timeZone) return here
  try {
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: zone, timeZoneName: "short" })
  } catch {
    return here // this browser does not know it
  }
}
