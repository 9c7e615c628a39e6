// The middle pane: the conversation that is open.

import { ChatRefused } from "@chatserver/client"
import { type Signal, useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { Avatar } from "../shared/components/Avatar.tsx"
import { ConnectionBar } from "../shared/components/ConnectionBar.tsx"
import { IconButton } from "../shared/components/Icon.tsx"
import { PinnedBar } from "../shared/components/PinnedBar.tsx"
import { t } from "../shared/i18n/index.ts"
import { useChat, useLive } from "../shared/live.ts"
import { openDialog } from "../shared/overlays.ts"
import { leave, showInstead } from "../shared/route.ts"
import { useWanted } from "../shared/search/jump.ts"
import { SearchDialog } from "../shared/search/SearchDialog.tsx"
import { s } from "../shared/search/texts.ts"
import { Acts } from "./Acts.tsx"
import { titleOf, useBench } from "./bench.ts"
import { Wait } from "./EntryRow.tsx"
import type { Entry } from "./entries.ts"
import { NotedThread } from "./NotedThread.tsx"
import { ReplyBox } from "./ReplyBox.tsx"
import { w } from "./texts/index.ts"
import { useWatch } from "./watch.ts"
import "./opened.css"

/** A conversation with all that may be done in it. */
export function Opened({ id, isAside }: { id: string; isAside: Signal<boolean> }) {
  const chat = useChat()
  const { inbox } = useBench()
  const thread = useLive(() => chat.thread(id), [id])
  const entry = inbox.get(id)
  const isRefused = useFetched(id)
  useNotesBeside(thread?.room?.notes_of)
  useWatch(entry)
  const jumpTo = useSignal<number | null>(null)
  useWanted(id, jumpTo)
  return (
    <main class="opened">
      <header class="opened__bar">
        <IconButton class="opened__back" icon="back" label={t().common.back} onClick={leave} />
        {entry && <Heading entry={entry} />}
        <IconButton
          icon="search"
          label={s().inConversation}
          onClick={() => openDialog(() => <SearchDialog id={id} />)}
        />
        {entry && <Acts entry={entry} />}
        <IconButton
          class="opened__aside"
          icon="profile"
          label={w().act.customer}
          onClick={() => {
            isAside.value = true
          }}
        />
      </header>
      <div>
        <ConnectionBar />
        <PinnedBar
          id={id}
          onJump={(seq) => {
            jumpTo.value = seq
          }}
        />
      </div>
      {thread ? <NotedThread thread={thread} jumpTo={jumpTo} /> : <Missing isRefused={isRefused} />}
      {thread && <ReplyBox thread={thread} entry={entry} />}
    </main>
  )
}

/** Notes stand beside the conversation that they are about, also where a notification leads to them. */
function useNotesBeside(about: string | null | undefined): void {
  useEffect(() => {
    if (about) showInstead(about)
  }, [about])
}

/** In place of the messages, before they are there or where there are none for me. */
function Missing({ isRefused }: { isRefused: boolean }) {
  return (
    <div class="thread">
      <p class="thread__empty">{isRefused ? w().state.elsewhere : t().common.loading}</p>
    </div>
  )
}

function Heading({ entry }: { entry: Entry }) {
  const presence = useLive((chat) => chat.presence(entry.face)?.state, [entry.face])
  return (
    <div class="opened__heading">
      <Avatar
        id={entry.face}
        name={titleOf(entry)}
        src={entry.avatar}
        presence={presence}
        isRoom={entry.kind === "group" || entry.kind === "channel"}
      />
      <div class="opened__names">
        <h2 class="ellipsis">{titleOf(entry)}</h2>
        <p class="opened__state muted">
          <State entry={entry} />
          <Wait since={entry.waitingSince} />
        </p>
      </div>
    </div>
  )
}

function State({ entry }: { entry: Entry }) {
  const chat = useChat()
  const presence = useLive(() => chat.presence(entry.face)?.state, [entry.face])
  const count = useLive(() => chat.thread(entry.id)?.room?.count ?? 0, [entry.id])
  const isTyping = useLive(() => (chat.thread(entry.id)?.typing.length ?? 0) > 0, [entry.id])
  const { state } = w()
  if (isTyping) return <span class="entry__typing">{t().list.typing}</span>
  if (entry.kind === "direct") return <span>{presence ? t().presence[presence] : ""}</span>
  if (entry.kind !== "service") return <span>{t().room.members(count)}</span>
  if (entry.isResolved) return <span>{state.resolved}</span>
  if (entry.assignee === null) return <span>{state.nobody}</span>
  if (entry.assignee === chat.me?.user) return <span>{state.mine}</span>
  return <span class="ellipsis">{state.theirs(entry.assigneeName)}</span>
}

/** Have the conversation itself: one that I only look at is fetched, and again once connected. Gives
 * whether it is not for me to see. */
function useFetched(id: string): boolean {
  const chat = useChat()
  const isRefused = useSignal(false)
  const isUp = useLive(() => chat.phase.phase === "connected")
  const isKnown = useLive(() => chat.conversation(id) !== undefined, [id])
  useEffect(() => {
    isRefused.value = false
    if (!isUp || isKnown) return
    chat.call("conversation.get", { conversation: id }).catch((error: unknown) => {
      isRefused.value = error instanceof ChatRefused
    })
  }, [chat, id, isUp, isKnown])
  return isRefused.value
}
