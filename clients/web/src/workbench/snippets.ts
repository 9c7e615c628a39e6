// Canned replies: which fit what is typed, and what they say to this customer.

import type { Snippet } from "@chatserver/client"

/** Whom a canned reply is for, and from whom it comes. */
export interface Parties {
  customer: string
  me: string
  shop: string
}

/** What is typed after `/` at the beginning of a message; null where nothing is. */
export function typedShortcut(text: string): string | null {
  return /^[/／]([^\s/／]*)$/.exec(text)?.[1] ?? null
}

/** Those that fit, shortcuts that begin so first. */
export function fitting(snippets: readonly Snippet[], typed: string): Snippet[] {
  const wanted = plain(typed)
  const ranked = snippets.map((snippet) => ({ snippet, rank: rank(snippet, wanted) }))
  return ranked
    .filter(({ rank }) => rank < NOWHERE)
    .sort((one, other) => one.rank - other.rank)
    .map(({ snippet }) => snippet)
}

/** The text with its variables filled; others stay as they are. */
export function filled(text: string, parties: Parties): string {
  const values: Record<string, string> = { ...parties }
  return text.replace(/\{(customer|me|shop)\}/g, (_, name: string) => values[name] ?? "")
}

const NOWHERE = 4

function rank({ shortcut, title, text }: Snippet, wanted: string): number {
  const [short, long] = [plain(shortcut), plain(title)]
  if (short.startsWith(wanted)) return 0
  if (long.startsWith(wanted)) return 1
  if (short.includes(wanted) || long.includes(wanted)) return 2
  return plain(text).includes(wanted) ? 3 : NOWHERE
}

function plain(text: string): string {
  return text.normalize("NFKC").toLowerCase()
}
