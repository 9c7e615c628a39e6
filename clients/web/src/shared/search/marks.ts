// Where in a text the words stand that were searched for.

/** A piece of a text: one that matches, or what is between. */
export interface Marked {
  text: string
  isHit: boolean
}

const BEFORE = 24 // UTF-16 code units shown before the first place that matches
const MOST = 240 // a preview shows no more

/**
 * The part of `text` around the first match, in pieces; `highlights` are `[start, end]` in UTF-16 code
 * units, ascending. No character is cut in two.
 */
export function excerpt(
  text: string,
  highlights: readonly (readonly [number, number])[],
): Marked[] {
  const first = highlights[0]?.[0] ?? 0
  const begin = first > BEFORE ? whole(text, first - BEFORE) : 0
  const end = whole(text, begin + MOST)
  const pieces: Marked[] = begin > 0 ? [{ text: "…", isHit: false }] : []
  let at = begin
  const add = (to: number, isHit: boolean) => {
    if (to > at) pieces.push({ text: text.slice(at, to), isHit })
    at = Math.max(at, to)
  }
  for (const [from, to] of highlights) {
    if (from >= end || to <= begin) continue
    add(Math.min(from, end), false)
    add(Math.min(to, end), true)
  }
  add(end, false)
  if (end < text.length) pieces.push({ text: "…", isHit: false })
  return pieces
}

/** The place, or the one before it where it is amid a character. */
function whole(text: string, at: number): number {
  if (at >= text.length) return text.length
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at
}
