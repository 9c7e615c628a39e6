// A text as text, its addresses as links.

import { pieces } from "../links.ts"

/** Nothing of the text is ever taken for markup. `names` are those it mentions. */
export function RichText({ text, names = [] }: { text: string; names?: readonly string[] }) {
  return (
    <>
      {pieces(text, names).map(({ text: piece, href, isName }) => {
        if (isName) return <span class="bubble__name-in-text">{piece}</span>
        if (!href) return piece
        return (
          <a href={href} target="_blank" rel="noopener noreferrer nofollow">
            {piece}
          </a>
        )
      })}
    </>
  )
}
