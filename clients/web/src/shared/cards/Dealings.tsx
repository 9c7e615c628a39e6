// What a shop and a customer agreed on: orders and appointments.

import type { AppointmentCard, OrderCard } from "@chatserver/client"
import { exactly } from "../format.ts"
import { locale } from "../i18n/index.ts"
import { Buttons } from "./Buttons.tsx"
import { Fact, Frame, Link, Money, Status, Words } from "./Parts.tsx"
import type { Place } from "./place.ts"
import { c } from "./texts.ts"
import { timesText } from "./times.ts"

const OVER: ReadonlySet<string> = new Set(["cancelled", "refunded", "missed"])

/** An order and how far it came. */
export function Order({ card, place }: { card: OrderCard; place: Place }) {
  const { order, kinds } = c()
  return (
    <Frame kind={kinds.order} title={card.title} mark={<Standing card={card} />}>
      <p class="offer__aside">{order.number(card.id)}</p>
      <Words text={card.note} />
      <Items card={card} />
      <dl class="offer__facts">
        {card.total && (
          <Fact name={order.total}>
            <Money sum={card.total} />
          </Fact>
        )}
        {card.ordered_at && <Fact name={order.at}>{exactly(card.ordered_at, locale())}</Fact>}
        {(card.carrier || card.tracking) && (
          <Fact name={order.parcel}>{[card.carrier, card.tracking].filter(Boolean).join(" ")}</Fact>
        )}
      </dl>
      <Link url={card.url} label={c().details} tabIndex={place.tabIndex} />
      <Buttons buttons={card.buttons} place={place} />
    </Frame>
  )
}

function Items({ card: { items = [] } }: { card: OrderCard }) {
  if (items.length === 0) return null
  return (
    <ul class="offer__items">
      {items.map((item) => (
        <li key={item}>
          <span class="offer__item">{item.title}</span>
          <span class="offer__count">× {item.count ?? 1}</span>
          {item.price && <Money sum={item.price} />}
        </li>
      ))}
    </ul>
  )
}

/** A time that was agreed on, or is proposed. */
export function Appointment({ card, place }: { card: AppointmentCard; place: Place }) {
  const { appointment, kinds } = c()
  return (
    <Frame kind={kinds.appointment} title={card.title} mark={<Standing card={card} />}>
      <dl class="offer__facts">
        <Fact name={appointment.when}>
          {timesText(card.starts_at, card.ends_at, card.zone, locale())}
        </Fact>
        {card.place && <Fact name={appointment.where}>{card.place}</Fact>}
        {card.who && <Fact name={appointment.who}>{card.who}</Fact>}
      </dl>
      <Words text={card.text} />
      <Buttons buttons={card.buttons} place={place} />
    </Frame>
  )
}

/** How far it came; a status that is newer than this page goes unsaid. */
function Standing({ card }: { card: OrderCard | AppointmentCard }) {
  const words: Record<string, string> = { ...c().order.status, ...c().appointment.status }
  const text = words[card.status]
  return text ? <Status text={text} isOver={OVER.has(card.status)} /> : null
}
