// How large things are: drawn in a bubble, and told to people.

const WIDEST = 280
const HIGHEST = 320
const LEAST = 96
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const

export interface Size {
  width: number
  height: number
}

/** How a picture of this size is drawn in a bubble, in CSS pixels; what is not known is square. */
export function drawn(width: number | null | undefined, height: number | null | undefined): Size {
  if (!width || !height) return { width: 200, height: 200 }
  const scale = Math.min(WIDEST / width, HIGHEST / height, 1)
  const fit = (length: number) => Math.max(Math.round(length * scale), LEAST)
  return { width: fit(width), height: fit(height) }
}

/** A number of bytes for people. */
export function fileSize(bytes: number, locale: string): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1)
  const unit = UNITS[power] ?? "byte"
  const digits = power > 0 && bytes / 1000 ** power < 10 ? 1 : 0
  const told = { style: "unit", unit, unitDisplay: power === 0 ? "long" : "short" } as const
  const format = new Intl.NumberFormat(locale, { ...told, maximumFractionDigits: digits })
  return format.format(bytes / 1000 ** power)
}

/** How long something plays, as minutes and seconds. */
export function duration(ms: number): string {
  const seconds = Math.max(Math.round(ms / 1000), 0)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
}

/** So many bars for these loudnesses, each from 0 to 1; the loudest of its share. */
export function bars(loudness: readonly number[], count: number): number[] {
  if (loudness.length === 0) return Array(count).fill(0.15)
  return Array.from({ length: count }, (_, at) => {
    const from = Math.floor((at * loudness.length) / count)
    const to = Math.max(Math.floor(((at + 1) * loudness.length) / count), from + 1)
    return Math.max(Math.max(...loudness.slice(from, to)) / 100, 0.08)
  })
}
