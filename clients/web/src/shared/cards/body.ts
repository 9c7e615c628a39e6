// What stands in the body of a card. The server checks what it knows; what is newer than this page is
// passed over.

import type { Button, Card, Message } from "@chatserver/client"

/** A message, or one on its way. */
export type Content = Pick<Message, "kind" | "body">

const KNOWN: ReadonlySet<unknown> = new Set<Card["type"]>([
  "product",
  "order",
  "coupon",
  "appointment",
  "rating",
  "contact",
])

/** The card of a message, where this page knows its type. */
export function cardOf({ kind, body }: Content): Card | null {
  if (kind !== "card" || !KNOWN.has(body.type)) return null
  const title = body.type === "contact" ? body.name : body.title
  return typeof title === "string" ? (body as unknown as Card) : null
}

/** What it is called. */
export function titleOfCard(card: Card): string {
  return card.type === "contact" ? card.name : card.title
}

/** A rating that somebody gave: a `custom` message that the server made of it. */
export interface Rated {
  rating: number
  best: number
}

/** What a message rates with, if it does. */
export function ratedBy({ kind, body }: Content): Rated | null {
  if (kind !== "custom" || body.type !== "card.rating") return null
  const { rating, best } = (body.data ?? {}) as Partial<Rated>
  return typeof rating === "number" && typeof best === "number" ? { rating, best } : null
}

/** Whether saying this is what the button does. */
export function says({ kind, body }: Content, button: Button): boolean {
  if (button.send) return kind === "text" && body.text === button.send
  if (!button.action || kind !== "custom" || body.type !== "card.action") return false
  const { action, value } = (body.data ?? {}) as Record<string, unknown>
  return action === button.action && value === (button.value ?? "")
}
