// Addresses and names in a text. Links are http and https alone: nothing that runs anything.

/** A piece of a text: plain, a link with `href`, or a name that somebody was mentioned by. */
export interface Piece {
  text: string
  href?: string
  isName?: boolean
}

const ADDRESS = /https?:\/\/[^\s<>"'`（）【】《》「」，。；！？、]+/gi
const TRAILING = /[.,;:!?…)\]}]+$/

/** The text in pieces, in order; together they are the text. `names` are those it mentions. */
export function pieces(text: string, names: readonly string[] = []): Piece[] {
  const found: Piece[] = []
  let at = 0
  const plain = (end: number) => {
    if (end > at) found.push(...named(text.slice(at, end), names))
  }
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0])
    const href = safe(address)
    if (href === null) continue
    plain(match.index)
    found.push({ text: address, href })
    at = match.index + address.length
  }
  plain(text.length)
  return found
}

/** A text without links: names apart, a longer name before one that it begins with. */
function named(text: string, names: readonly string[]): Piece[] {
  const signs = names.filter((name) => name !== "").map((name) => `@${name}`)
  const longest = signs.sort((one, other) => other.length - one.length)
  const pieces: Piece[] = []
  let plain = ""
  for (let at = 0; at < text.length; ) {
    const name = text[at] === "@" ? longest.find((each) => text.startsWith(each, at)) : undefined
    if (name && plain) pieces.push({ text: plain })
    if (name) pieces.push({ text: name, isName: true })
    plain = name ? "" : plain + text[at]
    at += name?.length ?? 1
  }
  return plain ? [...pieces, { text: plain }] : pieces
}

/** Without the punctuation of the sentence around it; a bracket that the address opens stays. */
function trimmed(address: string): string {
  const end = TRAILING.exec(address)?.[0]
  if (!end) return address
  const bare = address.slice(0, -end.length)
  const opened = bare.split("(").length - bare.split(")").length
  return opened > 0 && end.startsWith(")") ? `${bare})` : bare
}

function safe(address: string): string | null {
  try {
    const { protocol, href, hostname } = new URL(address)
    return /^https?:$/.test(protocol) && hostname !== "" ? href : null
  } catch {
    return null
  }
}
