// The right pane: who the customer is, or what the room is.

import type { Context, Customer as Known } from "@chatserver/client"
import { type Signal, useSignal, useSignalEffect } from "@preact/signals"
import type { RefObject } from "preact"
import { useEffect, useRef } from "preact/hooks"
import { addressOf } from "../shared/addresses.ts"
import { Avatar } from "../shared/components/Avatar.tsx"
import { Icon, IconButton } from "../shared/components/Icon.tsx"
import { RichText } from "../shared/components/RichText.tsx"
import { RoomDialog } from "../shared/components/RoomDialog.tsx"
import { moment } from "../shared/format.ts"
import { locale, t } from "../shared/i18n/index.ts"
import { useChat, useLive } from "../shared/live.ts"
import { openDialog } from "../shared/overlays.ts"
import { preview } from "../shared/preview.ts"
import { now, titleOf, useBench } from "./bench.ts"
import type { Entry } from "./entries.ts"
import { ofDesk } from "./entries.ts"
import { LooksAt } from "./LooksAt.tsx"
import { Tags } from "./Tags.tsx"
import { w } from "./texts/index.ts"
import "./customer.css"

/** What there is to know about the conversation that is open. */
export function Customer({ id, isAside }: { id: string; isAside: Signal<boolean> }) {
  const { inbox } = useBench()
  const box = useRef<HTMLElement>(null)
  useDrawer(box, isAside)
  const entry = inbox.get(id)
  const isRoom = entry?.kind === "group" || entry?.kind === "channel"
  const title = isRoom ? w().customer.room : w().customer.title
  return (
    <aside ref={box} class="about" aria-label={title}>
      <header class="about__bar">
        <h2>{title}</h2>
        <IconButton
          class="about__close"
          icon="close"
          label={w().act.hideCustomer}
          onClick={() => {
            isAside.value = false
          }}
        />
      </header>
      <div class="about__body">
        {entry && <Identity entry={entry} />}
        {isRoom && <RoomFacts id={id} />}
        {entry?.customer && <Facts key={entry.customer} user={entry.customer} id={id} />}
      </div>
    </aside>
  )
}

/** Where it lies over the rest: the focus goes in and comes back, and Escape closes it. */
function useDrawer(box: RefObject<HTMLElement | null>, isAside: Signal<boolean>): void {
  useSignalEffect(() => {
    if (!isAside.value) return
    const before = document.activeElement
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") isAside.value = false
    }
    document.addEventListener("keydown", onKey)
    requestAnimationFrame(() => box.current?.querySelector("button")?.focus())
    return () => {
      document.removeEventListener("keydown", onKey)
      if (before instanceof HTMLElement) before.focus()
    }
  })
}

function Identity({ entry }: { entry: Entry }) {
  const { face, avatar, kind } = entry
  const title = titleOf(entry)
  const presence = useLive((chat) => chat.presence(face), [face])
  const isRoom = kind === "group" || kind === "channel"
  const seen = presence?.last_seen
  const since = seen ? moment(seen, now.value, locale(), t().time) : null
  return (
    <div class="about__who">
      <Avatar id={face} name={title} src={avatar} isRoom={isRoom} size="large" />
      <p class="about__name">{title}</p>
      {presence && !isRoom && (
        <p class="muted">{since ? t().presence.lastSeen(since) : t().presence[presence.state]}</p>
      )}
    </div>
  )
}

function RoomFacts({ id }: { id: string }) {
  const chat = useChat()
  const room = useLive(() => chat.thread(id)?.room, [id])
  if (!room) return null
  return (
    <>
      <button
        type="button"
        class="button about__room"
        onClick={() => openDialog(() => <RoomDialog id={id} />)}
      >
        <Icon name="people" size={20} />
        {t().room.members(room.count)}
      </button>
      {room.announcement && (
        <section class="about__part">
          <h3>{w().customer.announcement}</h3>
          <p class="about__text">
            <RichText text={room.announcement.text} />
          </p>
        </section>
      )}
    </>
  )
}

function Facts({ user, id }: { user: string; id: string }) {
  const known = useCustomer(user, id)
  const told = useLive((chat) => chat.context(user), [user])
  if (known === "failed") return <p class="about__none muted">{w().customer.none}</p>
  if (known === null) return <p class="about__none muted">{t().common.loading}</p>
  return (
    <>
      <p class="about__shop muted">{shopOf(known)}</p>
      <LooksAt context={latest(known.context, told)} />
      <Tags user={user} tags={known.tags} />
      <Profile known={known} />
      <Earlier known={known} id={id} />
    </>
  )
}

/** What the shop is called: service conversations bear its name. */
function shopOf({ shop, conversations }: Known): string {
  return conversations.find(({ room }) => room.shop === shop)?.room.title ?? shop ?? ""
}

function latest(known: Context | null, told: Context | undefined): Context | null {
  return told && told.at >= (known?.at ?? 0) ? told : known
}

/** What the server knows of a customer: read when shown, and again when the connection came back. */
function useCustomer(user: string, id: string): Known | "failed" | null {
  const chat = useChat()
  const known = useSignal<Known | "failed" | null>(null)
  const isUp = useLive(() => chat.phase.phase === "connected")
  const place = useLive(() => chat.conversation(id)?.place.state, [id])
  useEffect(() => {
    if (!isUp) return
    let isWanted = true
    chat.call("customer.get", { user }).then(
      ({ customer }) => {
        if (isWanted) known.value = customer
      },
      () => {
        if (isWanted) known.value ??= "failed"
      },
    )
    return () => {
      isWanted = false
    }
  }, [chat, user, isUp, place])
  return known.value
}

function Profile({ known }: { known: Known }) {
  const { attributes, children } = known.profile
  const { customer } = w()
  const facts = [
    ...Object.entries(children).map(([name, { age_months }]) => [
      customer.child(name),
      customer.months(age_months),
    ]),
    ...Object.entries(attributes),
  ]
  return (
    <section class="about__part">
      <h3>{customer.about}</h3>
      {facts.length === 0 && <p class="muted">{customer.noAbout}</p>}
      <dl class="about__facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function Earlier({ known, id }: { known: Known; id: string }) {
  const chat = useChat()
  const others = known.conversations.filter((view) => view.id !== id).map(ofDesk)
  const { customer, list } = w()
  return (
    <section class="about__part">
      <h3>{customer.earlier}</h3>
      {others.length === 0 && <p class="muted">{customer.noEarlier}</p>}
      <ul>
        {others.map(({ id: other, last, at, isResolved, assigneeName }) => (
          <li key={other}>
            <a class="about__earlier" href={addressOf(other)}>
              <span class="ellipsis">
                {last ? preview(last, chat.me?.user ?? "", (each) => chat.name(each)) : ""}
              </span>
              <span class="muted">
                {moment(at, now.value, locale(), t().time)} ·{" "}
                {isResolved ? list.resolved : assigneeName || list.unserved}
              </span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}
