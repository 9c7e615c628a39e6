// What a shop offers: products and coupons.

import type { CouponCard, ProductCard } from "@chatserver/client"
import { useEffect, useState } from "preact/hooks"
import { IconButton } from "../components/Icon.tsx"
import { exactly } from "../format.ts"
import { locale, t } from "../i18n/index.ts"
import { toast } from "../overlays.ts"
import { Buttons } from "./Buttons.tsx"
import { moneyText } from "./money.ts"
import { Frame, Link, Money, Picture, Status, Words } from "./Parts.tsx"
import type { Place } from "./place.ts"
import { c } from "./texts.ts"

const TIMER_MAX_MS = 2 ** 31 - 1

/** A product with its price. */
export function Product({ card, place }: { card: ProductCard; place: Place }) {
  return (
    <>
      <Picture picture={card.picture} />
      <Frame kind={c().kinds.product} title={card.title}>
        {card.price && (
          <p class="offer__price">
            <Money sum={card.price} />
            {card.was && (
              <del>
                <span class="hidden-text">{c().before} </span>
                <Money sum={card.was} />
              </del>
            )}
          </p>
        )}
        <Words text={card.text} />
        <Link url={card.url} label={c().details} tabIndex={place.tabIndex} />
        <Buttons buttons={card.buttons} place={place} />
      </Frame>
    </>
  )
}

/** A coupon: what it is worth, for what, how long. */
export function Coupon({ card, place }: { card: CouponCard; place: Place }) {
  const { coupon } = c()
  const now = useNow(card.ends_at)
  const isOver = (card.ends_at ?? Number.POSITIVE_INFINITY) <= now
  const isToCome = (card.starts_at ?? 0) > now
  return (
    <Frame
      kind={c().kinds.coupon}
      title={card.title}
      mark={isOver && <Status text={coupon.over} isOver />}
    >
      <p class="offer__price">
        {card.value ? <Money sum={card.value} /> : null}
        {card.percent ? <span class="offer__sum">{coupon.percent(card.percent)}</span> : null}
        {card.least && (
          <span class="offer__aside">{coupon.least(moneyText(card.least, locale()))}</span>
        )}
      </p>
      <Words text={card.text} />
      {isToCome && (
        <p class="offer__aside">{coupon.from(exactly(card.starts_at ?? 0, locale()))}</p>
      )}
      {card.ends_at && <p class="offer__aside">{coupon.until(exactly(card.ends_at, locale()))}</p>}
      {card.code && !isOver && <Code code={card.code} isSkipped={place.tabIndex < 0} />}
      <Link url={card.url} label={c().details} tabIndex={place.tabIndex} />
      <Buttons buttons={card.buttons} place={place} />
    </Frame>
  )
}

function Code({ code, isSkipped }: { code: string; isSkipped: boolean }) {
  const copy = () => {
    navigator.clipboard.writeText(code).then(
      () => toast(c().coupon.copied),
      () => toast(t().refused.other),
    )
  }
  return (
    <p class="offer__code">
      <code>{code}</code>
      <IconButton icon="copy" label={c().coupon.copy} isSkipped={isSkipped} onClick={copy} />
    </p>
  )
}

/** The time now, and again once `until` is past. */
function useNow(until: number | null | undefined): number {
  const [now, setNow] = useState(Date.now)
  const left = (until ?? 0) - now
  useEffect(() => {
    if (left <= 0 || left > TIMER_MAX_MS) return
    const timer = setTimeout(() => setNow(Date.now()), left)
    return () => clearTimeout(timer)
  }, [left])
  return now
}
