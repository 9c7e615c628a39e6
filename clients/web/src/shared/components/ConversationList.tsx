// My conversations, each with its latest message.

import type { Thread } from "@chatserver/client"
import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { addressOf } from "../addresses.ts"
import { isOfMany, otherOf, titleOf } from "../conversations.ts"
import { draftsOf } from "../drafts.ts"
import { moment } from "../format.ts"
import { locale, t } from "../i18n/index.ts"
import { moveFocus } from "../keys.ts"
import { useChat, useLive } from "../live.ts"
import { contentText, preview } from "../preview.ts"
import { Avatar } from "./Avatar.tsx"
import { Icon } from "./Icon.tsx"
import { Ticks } from "./Ticks.tsx"
import "./ConversationList.css"

const SEARCHABLE = 8 // fewer conversations are found by looking
const WATCHED = 50 // people whose presence is shown in the list

/** `ids` in the order to show; `current` is the one that is open. Arrows move, Enter opens. Where a
 * page has no search of its own, a field narrows a long list down by names. */
export function ConversationList(props: {
  ids: string[]
  current: string | null
  hasSearch?: boolean
}) {
  const { ids, current, hasSearch = true } = props
  const chat = useChat()
  const query = useSignal("")
  const reachable = useSignal("")
  const phase = useLive(() => chat.phase.phase)
  useWatched(ids)
  const shown = ids.filter((id) => fits(chat.thread(id), query.value))
  const first = [reachable.value, current ?? "", shown[0] ?? ""].find((id) => shown.includes(id))
  return (
    <nav class="conversations" aria-label={t().list.title}>
      {hasSearch && ids.length >= SEARCHABLE && (
        <div class="conversations__search">
          <input
            class="field"
            type="search"
            aria-label={t().common.search}
            placeholder={t().common.search}
            value={query.value}
            onInput={(event) => {
              query.value = event.currentTarget.value
            }}
          />
        </div>
      )}
      {ids.length === 0 && (
        <p class="conversations__empty">
          {phase === "connected" ? t().list.empty : t().common.loading}
        </p>
      )}
      <ul onKeyDown={(event) => moveFocus(event, event.currentTarget, ".conversation")}>
        {shown.map((id) => (
          <li
            key={id}
            onFocusCapture={() => {
              reachable.value = id
            }}
          >
            <ConversationItem id={id} isCurrent={id === current} isReached={id === first} />
          </li>
        ))}
      </ul>
    </nav>
  )
}

function ConversationItem(props: { id: string; isCurrent: boolean; isReached: boolean }) {
  const { id, isCurrent, isReached } = props
  const chat = useChat()
  const thread = useLive(() => chat.thread(id), [id])
  const other = otherOf(thread, chat.me)
  const presence = useLive(() => (other ? chat.presence(other) : undefined), [other])
  if (!thread) return null
  const at = thread.last?.at
  return (
    <a
      class="conversation"
      href={addressOf(id)}
      aria-current={isCurrent ? "page" : undefined}
      tabIndex={isReached ? 0 : -1}
    >
      <Avatar
        id={other ?? id}
        name={titleOf(thread)}
        src={thread.room?.avatar ?? null}
        isRoom={thread.room !== null}
        presence={presence?.state}
      />
      <span class="conversation__title ellipsis">{titleOf(thread)}</span>
      <time class="conversation__time" dateTime={at ? new Date(at).toISOString() : undefined}>
        {at ? moment(at, Date.now(), locale(), t().time) : ""}
      </time>
      <span class="conversation__preview ellipsis">
        <Preview thread={thread} />
      </span>
      <span class="conversation__marks">
        <Marks thread={thread} />
      </span>
    </a>
  )
}

function Preview({ thread }: { thread: Thread }) {
  const chat = useChat()
  const draft = draftsOf(chat).of(thread.id).value
  const me = chat.me?.user ?? ""
  const { last } = thread
  if (thread.typing.length > 0) {
    return <span class="conversation__lively">{t().list.typing}</span>
  }
  if (draft.text !== "" && draft.editing === null) {
    return (
      <>
        <span class="conversation__draft">{t().list.draft}</span> {draft.text}
      </>
    )
  }
  const pending = thread.messages.at(-1)
  if (pending?.seq === null) return <>{contentText(pending.draft ?? { kind: "text", body: {} })}</>
  if (!last) return null
  const text = preview(last, me, (user) => chat.name(user))
  const isSaid = isOfMany(thread) && last.kind !== "system" && !last.recalled && last.sender !== me
  return <>{isSaid ? t().list.said(chat.name(last.sender), text) : text}</>
}

function Marks({ thread }: { thread: Thread }) {
  const mine = thread.messages.at(-1)
  const isMuted = thread.my.mode === "silent" || thread.my.mode === "none"
  return (
    <>
      {thread.unread === 0 && mine?.tick && <Ticks tick={mine.tick} />}
      {isMuted && <Marked icon="muted" label={t().list.muted} />}
      {thread.my.pinned && <Marked icon="pin" label={t().list.pinned} />}
      {thread.mentions > 0 && (
        <span class="badge">
          @<span class="hidden-text">{t().list.mentioned}</span>
        </span>
      )}
      {thread.unread > 0 && (
        <span class={`badge ${isMuted ? "badge--muted" : ""}`}>
          <span aria-hidden="true">{thread.unread > 99 ? "99+" : thread.unread}</span>
          <span class="hidden-text">{t().list.unread(thread.unread)}</span>
        </span>
      )}
    </>
  )
}

function Marked({ icon, label }: { icon: "muted" | "pin"; label: string }) {
  return (
    <>
      <Icon name={icon} size={16} />
      <span class="hidden-text">{label}</span>
    </>
  )
}

/** The people in sight are watched, so that their dots are right. */
function useWatched(ids: string[]): void {
  const chat = useChat()
  useEffect(() => {
    const threads = ids.slice(0, WATCHED).flatMap((id) => chat.thread(id) ?? [])
    const users = threads.flatMap((thread) => otherOf(thread, chat.me) ?? [])
    if (users.length > 0) chat.watch(users).catch(() => {}) // then there are just no dots
  }, [chat, ids])
}

function fits(thread: Thread | undefined, query: string): boolean {
  return (thread ? titleOf(thread) : "")
    .toLocaleLowerCase()
    .includes(query.trim().toLocaleLowerCase())
}
