// What cards and their like say in one line: in lists, quotes and for who hears the page.

import { type Content, cardOf, ratedBy, titleOfCard } from "./body.ts"
import { c } from "./texts.ts"

/** The line of such a message; null for all others. `kindText` is the word for its kind. */
export function cardLine(content: Content, kindText: string): string | null {
  const { kind, body } = content
  switch (kind) {
    case "card":
      return lineOfCard(content)
    case "location":
      return labelled(kindText, words(body.name, body.address))
    case "link":
      return labelled(kindText, words(body.text, body.title, body.url))
    case "custom":
      return lineOfCustom(content, kindText)
    default:
      return null
  }
}

function lineOfCard(content: Content): string | null {
  if (content.body.type === "forward") return null
  const card = cardOf(content)
  return card ? c().line(c().kinds[card.type], titleOfCard(card)) : c().unknown
}

function lineOfCustom(content: Content, kindText: string): string {
  const rated = ratedBy(content)
  const said = words(content.body.text)
  if (rated) return [c().rating.said(rated.rating, rated.best), said].filter(Boolean).join(" · ")
  return said || kindText
}

function labelled(kindText: string, text: string): string {
  return text ? `${kindText} ${text}` : kindText
}

/** The first of them that is one. */
function words(...candidates: unknown[]): string {
  return candidates.find((each): each is string => typeof each === "string" && each !== "") ?? ""
}
