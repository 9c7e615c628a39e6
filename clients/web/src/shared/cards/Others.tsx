// People, places, addresses, and what only an application knows.

import type { ContactCard, LinkBody, LocationBody } from "@chatserver/client"
import { attempt } from "../attempt.ts"
import { RichText } from "../components/RichText.tsx"
import { httpAddress } from "../http.ts"
import { t } from "../i18n/index.ts"
import { useChat } from "../live.ts"
import { show } from "../route.ts"
import { Buttons } from "./Buttons.tsx"
import { type Content, ratedBy } from "./body.ts"
import { Frame, Link, Picture, Words } from "./Parts.tsx"
import type { Place } from "./place.ts"
import { Stars } from "./Stars.tsx"
import { c } from "./texts.ts"

/** Somebody to write to or to call. */
export function Contact({ card, place }: { card: ContactCard; place: Place }) {
  const chat = useChat()
  const { contact, kinds } = c()
  const { user, phone } = card
  const write = async () => {
    const id = user && (await attempt(chat.open(user)))
    if (id) show(id)
  }
  return (
    <>
      <Picture picture={card.picture} />
      <Frame kind={kinds.contact} title={card.name}>
        <Words text={card.text} />
        <div class="offer__buttons">
          {user && user !== chat.me?.user && (
            <button
              type="button"
              class="offer__button"
              tabIndex={place.tabIndex}
              onClick={() => void write()}
            >
              {contact.write}
            </button>
          )}
          {phone && (
            <a
              class="offer__button"
              href={`tel:${phone.replace(/[^0-9+]/g, "")}`}
              tabIndex={place.tabIndex}
            >
              {contact.call(phone)}
            </a>
          )}
        </div>
        <Buttons buttons={card.buttons} place={place} />
      </Frame>
    </>
  )
}

/** A place, and the way to a map of it. */
export function Location({ body, place }: { body: LocationBody; place: Place }) {
  const { latitude, longitude, datum, name, address } = body
  const where = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`
  const asked = new URLSearchParams({
    position: `${longitude},${latitude}`,
    coordinate: datum === "gcj02" ? "gaode" : "wgs84",
    name: name || address || where,
  })
  return (
    <Frame kind={t().kinds.location.replace(/[[\]]/g, "")} title={name || address || where}>
      {name && <Words text={address} />}
      <Link
        url={`https://uri.amap.com/marker?${asked}`}
        label={c().place.map}
        tabIndex={place.tabIndex}
      />
    </Frame>
  )
}

/** An address, with what its page says of itself; the host is always in sight. */
export function LinkCard({ body, place }: { body: LinkBody; place: Place }) {
  const address = httpAddress(body.url)
  return (
    <>
      {body.text && (
        <p class="bubble__text">
          <RichText text={body.text} />
        </p>
      )}
      {address ? (
        <a
          class="offer offer--link"
          href={address}
          target="_blank"
          rel="noopener noreferrer nofollow"
          tabIndex={place.tabIndex}
        >
          <span class="offer__title">{body.title || body.url}</span>
          {body.description && <span class="offer__words">{body.description}</span>}
          <span class="offer__host">{body.host || new URL(address).host}</span>
        </a>
      ) : (
        <p class="bubble__text">{body.url}</p>
      )}
    </>
  )
}

/** What an application says: a rating as stars, else its words. */
export function Custom({ content }: { content: Content }) {
  const rated = ratedBy(content)
  const { text } = content.body
  const words = typeof text === "string" ? text : ""
  return (
    <>
      {rated && <Stars {...rated} />}
      {words !== "" && (
        <span class="bubble__text">
          <RichText text={words} />
        </span>
      )}
      {!rated && words === "" && <span class="bubble__text--gone">{c().forApp}</span>}
    </>
  )
}
