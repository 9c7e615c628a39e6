// My conversations, each with its latest message.

import type { Thread } from "@chatserver/client"
import { moment } from "../format.ts"
import { locale, t } from "../i18n/index.ts"
import { useChat, useLive } from "../live.ts"
import { preview } from "../preview.ts"
import { addressOf } from "../route.ts"
import { Avatar } from "./Avatar.tsx"
import { Icon } from "./Icon.tsx"
import { Ticks } from "./Ticks.tsx"
import "./ConversationList.css"

/** `ids` in the order to show; `current` is the one that is open. */
export function ConversationList({ ids, current }: { ids: string[]; current: string | null }) {
  return (
    <nav class="conversations" aria-label={t().list.title}>
      {ids.length === 0 && <p class="muted">{t().list.empty}</p>}
      <ul>
        {ids.map((id) => (
          <li key={id}>
            <ConversationItem id={id} isCurrent={id === current} />
          </li>
        ))}
      </ul>
    </nav>
  )
}

function ConversationItem({ id, isCurrent }: { id: string; isCurrent: boolean }) {
  const chat = useChat()
  const thread = useLive(() => chat.thread(id), [id])
  if (!thread) return null
  const other = thread.members.find(({ user }) => user !== chat.me?.user)
  const at = thread.last?.at
  return (
    <a class="conversation" href={addressOf(id)} aria-current={isCurrent}>
      <Avatar
        id={other?.user ?? id}
        name={thread.title}
        src={thread.room?.avatar ?? null}
        isRoom={thread.room !== null}
      />
      <span class="conversation__title ellipsis">{thread.title}</span>
      <span class="conversation__time">{at ? moment(at, Date.now(), locale(), t().time) : ""}</span>
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
  const me = chat.me?.user ?? ""
  const { last } = thread
  if (thread.typing.length > 0) return <>{t().list.typing}</>
  if (!last) return null
  const text = preview(last, me, (user) => chat.name(user))
  const isSaid = thread.room && last.kind !== "system" && !last.recalled && last.sender !== me
  return <>{isSaid ? t().list.said(chat.name(last.sender), text) : text}</>
}

function Marks({ thread }: { thread: Thread }) {
  const mine = thread.messages.at(-1)
  const isMuted = thread.my.mode === "silent" || thread.my.mode === "none"
  return (
    <>
      {thread.unread === 0 && mine?.tick && <Ticks tick={mine.tick} />}
      {isMuted && <Icon name="muted" size={16} />}
      {thread.my.pinned && <Icon name="pin" size={16} />}
      {thread.unread > 0 && (
        <span class={`badge ${isMuted ? "badge--muted" : ""}`}>
          {thread.unread > 99 ? "99+" : thread.unread}
          <span class="hidden-text"> {t().list.unread(thread.unread)}</span>
        </span>
      )}
    </>
  )
}
