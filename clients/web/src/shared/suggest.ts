// Finding what is asked for while it is written: `@na` asks for people, another sign for other things.

/** Something asked for: the text from the sign up to the caret. */
export interface Asked {
  sign: string
  query: string
  /** Where the sign stands in the text. */
  from: number
}

const QUERY_MAX = 30
const CJK = /[\u2e80-\uffef]/

/** What the text before the caret asks for, if it ends in a sign and a beginning of a word. */
export function asked(text: string, caret: number, signs: readonly string[]): Asked | null {
  const before = text.slice(0, caret)
  const from = Math.max(...signs.map((sign) => before.lastIndexOf(sign)))
  if (from < 0 || caret - from > QUERY_MAX) return null
  const query = before.slice(from + 1)
  const follows = before[from - 1] ?? " "
  // a sign inside of a word is part of an address
  if (/\s/.test(query) || /[A-Za-z0-9._%+-]/.test(follows)) return null
  return { sign: before[from] ?? "", query, from }
}

/** The text with what was chosen in place of what was asked, and where the caret then is. */
export function completed(
  text: string,
  caret: number,
  { from }: Asked,
  chosen: string,
): { text: string; caret: number } {
  const head = `${text.slice(0, from)}${chosen} `
  return { text: head + text.slice(caret).trimStart(), caret: head.length }
}

/** Whether a name fits a query: it, or one of its words, begins so; Chinese names may contain it. */
export function fits(name: string, query: string): boolean {
  const [whole, asked] = [name.toLocaleLowerCase(), query.toLocaleLowerCase()]
  const words = [whole, ...whole.split(/\s+/)]
  return words.some((word) => word.startsWith(asked)) || (CJK.test(asked) && whole.includes(asked))
}
