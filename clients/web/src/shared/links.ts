// Addresses in a text. Only http and https: nothing that runs anything.

/** A piece of a text; with `href` it is a link. */
export interface Piece {
  text: string
  href?: string
}

const ADDRESS = /https?:\/\/[^\s<>"'`（）【】《》「」，。；！？、]+/gi
const TRAILING = /[.,;:!?…)\]}]+$/

/** The text in pieces, in order; together they are the text. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = []
  let at = 0
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0])
    const href = safe(address)
    if (href === null) continue
    if (match.index > at) found.push({ text: text.slice(at, match.index) })
    found.push({ text: address, href })
    at = match.index + address.length
  }
  if (at < text.length || found.length === 0) found.push({ text: text.slice(at) })
  return found
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
