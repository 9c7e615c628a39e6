// What a person may choose, in the form the server wants it.

const HOUR_MS = 3_600_000
const MORNING = 8

/** In an hour. Times are milliseconds since 1970 UTC. */
export function inAnHour(now: number): number {
  return now + HOUR_MS
}

/** Tomorrow morning, here. */
export function tomorrowMorning(now: number): number {
  const at = new Date(now)
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + 1, MORNING).getTime()
}

/** A phone number in the form of E.164; one without a country is a Chinese mobile. Null where it is
 * none. */
export function phoneIn(typed: string): string | null {
  const plain = typed.replaceAll(/[\s().-]/g, "").replace(/^00/, "+")
  if (/^1[3-9]\d{9}$/.test(plain)) return `+86${plain}`
  return /^\+[1-9]\d{6,14}$/.test(plain) ? plain : null
}

/** The time zone of this device. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** All time zones that the browser knows, and the chosen one. */
export function zones(chosen: string): string[] {
  return [...new Set([...Intl.supportedValuesOf("timeZone"), ownZone(), chosen])].sort()
}
