// The chat in a frame on a shop's page: the customer's conversations, small.

import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { addressOf } from "../shared/addresses.ts"
import { Composer } from "../shared/components/Composer.tsx"
import { ConnectionBar } from "../shared/components/ConnectionBar.tsx"
import { ConversationList } from "../shared/components/ConversationList.tsx"
import { IconButton } from "../shared/components/Icon.tsx"
import { Overlays } from "../shared/components/Overlays.tsx"
import { Thread } from "../shared/components/Thread.tsx"
import { ThreadHeader } from "../shared/components/ThreadHeader.tsx"
import { useChat, useLive } from "../shared/live.ts"
import { shown } from "../shared/route.ts"
import { useWanted } from "../shared/search/jump.ts"
import { go } from "./going.ts"
import type { Page } from "./page.ts"
import { t } from "./texts.ts"
import "./widget.css"

/** `page` is the shop's page around the frame; without one it is always in sight. */
export function App({ page }: { page: Page | null }) {
  const isShown = page?.shown.value.isShown ?? true
  useLanding(isShown)
  useUnreadTold(page)
  useEscape(page)
  // what is not in sight is not drawn, and so not read
  return isShown ? <InSight page={page} /> : null
}

function InSight({ page }: { page: Page | null }) {
  const ids = useLive((chat) => chat.conversations)
  const id = shown.value
  const takesFocus = page?.shown.value.takesFocus ?? false
  return (
    <div class="widget">
      <header class="widget__bar">
        {id && ids.length > 1 && (
          <IconButton icon="back" label={t().conversations} onClick={() => go("#/")} />
        )}
        {id ? <ThreadHeader id={id} /> : <h2 class="widget__title">{t().title}</h2>}
        {page && <IconButton icon="close" label={t().close} onClick={() => page.hide()} />}
      </header>
      <ConnectionBar />
      {id ? (
        <main class="widget__open" key={id}>
          <Known id={id} />
          <Composer id={id} takesFocus={takesFocus} />
        </main>
      ) : (
        <List ids={ids} takesFocus={takesFocus} />
      )}
      <Overlays />
    </div>
  )
}

function Known({ id }: { id: string }) {
  const isKnown = useLive((chat) => chat.thread(id) !== undefined, [id])
  const jumpTo = useSignal<number | null>(null)
  useWanted(id, jumpTo)
  return isKnown ? <Thread id={id} jumpTo={jumpTo} /> : <div class="widget__list" />
}

function List({ ids, takesFocus }: { ids: string[]; takesFocus: boolean }) {
  const place = useRef<HTMLElement>(null)
  useEffect(() => {
    if (takesFocus) place.current?.querySelector("a")?.focus()
  }, [takesFocus])
  return (
    <main class="widget__list" ref={place}>
      <ConversationList ids={ids} current={null} />
    </main>
  )
}

/** The conversation with the shop opens by itself; where there is none, the only one, or the list. */
function useLanding(isShown: boolean): void {
  const chat = useChat()
  const isUp = useLive(() => chat.phase.phase === "connected")
  const hasLanded = useSignal(false)
  useEffect(() => {
    if (!isShown || !isUp || hasLanded.value) return
    hasLanded.value = true
    const land = (id: string | undefined) => {
      if (id !== undefined && shown.value === null) go(addressOf(id))
    }
    const only = () => (chat.conversations.length === 1 ? chat.conversations[0] : undefined)
    chat.call("conversation.open", { kind: "service" }).then(
      ({ conversation }) => land(conversation.id),
      () => land(only()), // nobody's customer, or the shop has no desk
    )
  }, [chat, isShown, isUp, hasLanded])
}

function useUnreadTold(page: Page | null): void {
  const chat = useChat()
  const unread = useLive(() => (chat.phase.phase === "connected" ? chat.badge.unread : null))
  useEffect(() => {
    if (unread !== null) page?.count(unread)
  }, [page, unread])
}

/** Escape hides the chat, unless it closes something within. */
function useEscape(page: Page | null): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const isOver = document.querySelector("dialog[open], :popover-open") !== null
      if (event.key === "Escape" && !event.defaultPrevented && !isOver) page?.hide()
    }
    addEventListener("keydown", onKeyDown)
    return () => removeEventListener("keydown", onKeyDown)
  }, [page])
}
