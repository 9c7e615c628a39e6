// The page of customers: the list, and the conversation that is open.

import { useSignal } from "@preact/signals"
import { useEffect, useMemo } from "preact/hooks"
import { attempt } from "../shared/attempt.ts"
import { Composer } from "../shared/components/Composer.tsx"
import { ConnectionBar } from "../shared/components/ConnectionBar.tsx"
import { ConversationList } from "../shared/components/ConversationList.tsx"
import { Icon, IconButton } from "../shared/components/Icon.tsx"
import { Overlays } from "../shared/components/Overlays.tsx"
import { PinnedBar } from "../shared/components/PinnedBar.tsx"
import { SettingsDialog } from "../shared/components/SettingsDialog.tsx"
import { Thread } from "../shared/components/Thread.tsx"
import { ThreadHeader } from "../shared/components/ThreadHeader.tsx"
import { t } from "../shared/i18n/index.ts"
import { useChat, useLive } from "../shared/live.ts"
import { openDialog } from "../shared/overlays.ts"
import { OfferBanner } from "../shared/push/OfferBanner.tsx"
import { leave, show, shown } from "../shared/route.ts"
import { useWanted } from "../shared/search/jump.ts"
import { SearchBox } from "../shared/search/SearchBox.tsx"
import { SearchResults } from "../shared/search/SearchResults.tsx"
import { Searching } from "../shared/search/searching.ts"
import { s } from "../shared/search/texts.ts"
import "./customer.css"

const HAS_MOUSE = matchMedia("(hover: hover) and (pointer: fine)").matches

/** On a phone one of the two at a time, else side by side. */
export function App() {
  const ids = useLive((chat) => chat.conversations)
  const id = shown.value
  const chat = useChat()
  const searching = useMemo(() => new Searching(chat), [chat])
  useTitle()
  useShortcuts(ids)
  return (
    <div class={`customer ${id ? "customer--open" : ""}`}>
      <section class="customer__list">
        <header class="customer__bar">
          <h1>{t().list.title}</h1>
          <IconButton
            icon="settings"
            label={t().settings.title}
            onClick={() => openDialog(() => <SettingsDialog />)}
          />
        </header>
        <div>
          <ConnectionBar />
          <search class="customer__search">
            <SearchBox searching={searching} label={s().placeholder} />
          </search>
        </div>
        {searching.isWanted.value ? (
          <SearchResults searching={searching} />
        ) : (
          <ConversationList ids={ids} current={id} hasSearch={false} />
        )}
        <AskShop />
      </section>
      {id ? <Open key={id} id={id} /> : <Nothing />}
      <Overlays />
    </div>
  )
}

/** The way to the one conversation with the own shop, for customers who have a shop. */
function AskShop() {
  const chat = useChat()
  const me = useLive(() => chat.me)
  if (me?.role !== "customer" || !me.shop) return null
  const ask = async () => {
    const begun = await attempt(chat.call("conversation.open", { kind: "service" }))
    if (begun) show(begun.conversation.id)
  }
  return (
    <footer class="customer__ask">
      <button type="button" class="button button--main" onClick={() => void ask()}>
        {t().room.ask}
      </button>
    </footer>
  )
}

function Open({ id }: { id: string }) {
  const jumpTo = useSignal<number | null>(null)
  const isKnown = useLive((chat) => chat.thread(id) !== undefined, [id])
  useWanted(id, jumpTo)
  return (
    <main class="customer__open">
      <header class="customer__bar">
        <IconButton class="customer__back" icon="back" label={t().common.back} onClick={leave} />
        <ThreadHeader id={id} />
      </header>
      <div>
        <ConnectionBar />
        <PinnedBar
          id={id}
          onJump={(seq) => {
            jumpTo.value = seq
          }}
        />
        <OfferBanner />
      </div>
      {isKnown ? <Thread id={id} jumpTo={jumpTo} /> : <Unknown />}
      <Composer id={id} takesFocus={HAS_MOUSE} />
    </main>
  )
}

/** A conversation that is not known yet, or is nobody's here. */
function Unknown() {
  const isUp = useLive((chat) => chat.phase.phase === "connected")
  return <p class="customer__unknown">{isUp ? t().refused.not_found : t().common.loading}</p>
}

function Nothing() {
  return (
    <main class="customer__nothing">
      <Icon name="smile" size={40} />
      <p>{t().list.choose}</p>
    </main>
  )
}

/** The unread count, in the title and on the icon. */
function useTitle(): void {
  const unread = useLive((chat) => chat.badge.unread)
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ""}${t().list.title}`
    navigator.setAppBadge?.(unread).catch(() => {}) // where it may not, there is none
  })
}

/** Alt with an arrow goes to the next conversation. */
function useShortcuts(ids: string[]): void {
  const order = useSignal(ids)
  order.value = ids
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const step = event.altKey ? { ArrowDown: 1, ArrowUp: -1 }[event.key] : undefined
      if (step !== undefined) {
        const at = order.value.indexOf(shown.value ?? "")
        const next = order.value[Math.min(Math.max(at + step, 0), order.value.length - 1)]
        if (next) show(next)
        event.preventDefault()
      }
    }
    addEventListener("keydown", onKeyDown)
    return () => removeEventListener("keydown", onKeyDown)
  }, [])
}
