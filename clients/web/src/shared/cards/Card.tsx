// Messages that are more than words: cards, places, links, and what applications say.

import type { Card, LinkBody, LocationBody, Shown } from "@chatserver/client"
import { ForwardedCard, isForwarded } from "../components/ForwardedCard.tsx"
import { useTools } from "../components/threadTools.ts"
import { type Content, cardOf } from "./body.ts"
import { Appointment, Order } from "./Dealings.tsx"
import { Coupon, Product } from "./Offers.tsx"
import { Contact, Custom, LinkCard, Location } from "./Others.tsx"
import type { Place } from "./place.ts"
import { Rating } from "./Rating.tsx"
import { c } from "./texts.ts"
import "./cards.css"

const KINDS: ReadonlySet<string> = new Set(["card", "location", "link", "custom"])

/** Whether a message, stored or on its way, is drawn here. */
export function isCard(content: Content | null): content is Content {
  return content !== null && KINDS.has(content.kind)
}

/** What is in the bubble of such a message. */
export function CardContent(props: { content: Content; shown: Shown; tabIndex: 0 | -1 }) {
  const { content, shown, tabIndex } = props
  const { id } = useTools()
  const { seq, mine, message } = shown
  const place = { conversation: id, seq, mine, changedAt: message?.edited_at ?? 0, tabIndex }
  switch (content.kind) {
    case "location":
      return <Location body={content.body as unknown as LocationBody} place={place} />
    case "link":
      return <LinkCard body={content.body as unknown as LinkBody} place={place} />
    case "custom":
      return <Custom content={content} />
    default: {
      if (message && isForwarded(message)) {
        return <ForwardedCard message={message} tabIndex={tabIndex} />
      }
      const card = cardOf(content)
      if (!card) return <span class="bubble__text--gone">{c().unknown}</span>
      return <Known card={card} place={place} />
    }
  }
}

function Known({ card, place }: { card: Card; place: Place }) {
  switch (card.type) {
    case "product":
      return <Product card={card} place={place} />
    case "order":
      return <Order card={card} place={place} />
    case "coupon":
      return <Coupon card={card} place={place} />
    case "appointment":
      return <Appointment card={card} place={place} />
    case "rating":
      return <Rating card={card} place={place} />
    case "contact":
      return <Contact card={card} place={place} />
  }
}
