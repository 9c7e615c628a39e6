// A text as text, its addresses as links.

import { pieces } from "../links.ts"

/** Nothing of the text is ever taken for markup. */
export function RichText({ text }: { text: string }) {
  return (
    <>
      {pieces(text).map(({ text: piece, href }) =>
        href ? (
          <a href={href} target="_blank" rel="noopener noreferrer nofollow">
            {piece}
          </a>
        ) : (
          piece
        ),
      )}
    </>
  )
}
