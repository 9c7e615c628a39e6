// What cards are made of.

import type { Picture as Pictured, Money as Sum } from "@chatserver/client"
import type { ComponentChildren } from "preact"
import { httpAddress } from "../http.ts"
import { locale } from "../i18n/index.ts"
import { useChat } from "../live.ts"
import { moneyText } from "./money.ts"
import { c } from "./texts.ts"

/** The frame of a card, with what it is above its title. */
export function Frame(props: {
  kind: string
  title: string
  mark?: ComponentChildren
  children?: ComponentChildren
}) {
  return (
    <div class="offer">
      <p class="offer__kind">
        {props.kind}
        {props.mark}
      </p>
      <p class="offer__title">{props.title}</p>
      {props.children}
    </div>
  )
}

/** How far something came. */
export function Status({ text, isOver }: { text: string; isOver: boolean }) {
  return <span class={`offer__status ${isOver ? "offer__status--over" : ""}`}>{text}</span>
}

/** Words of the sender's. */
export function Words({ text }: { text: string | null | undefined }) {
  return text ? <p class="offer__words">{text}</p> : null
}

/** A sum in the language of the page. */
export function Money({ sum }: { sum: Sum }) {
  return <span class="offer__sum">{moneyText(sum, locale())}</span>
}

/** A line with its name; nothing where there is nothing to say. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="offer__fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** A picture by its address, where the operator of the server named hosts to load them from. */
export function Picture({ picture }: { picture: Pictured | null | undefined }) {
  const chat = useChat()
  const address = picture?.url ? httpAddress(picture.url) : null
  if (!address || !chat.limits.picture_hosts) return null
  return (
    <img class="offer__picture" src={address} alt="" loading="lazy" referrerpolicy="no-referrer" />
  )
}

/** An address that a card leads to, with the host it leads to. */
export function Link(props: {
  url: string | null | undefined
  label: string
  tabIndex: 0 | -1
  class?: string
}) {
  const { url, label, tabIndex } = props
  const address = url ? httpAddress(url) : null
  if (!address) return null
  const { host } = new URL(address)
  return (
    <a
      class={props.class ?? "offer__link"}
      href={address}
      target="_blank"
      rel="noopener noreferrer nofollow"
      title={c().opensAt(host)}
      tabIndex={tabIndex}
    >
      <span>{label}</span>
      <span class="offer__host">{host}</span>
    </a>
  )
}
