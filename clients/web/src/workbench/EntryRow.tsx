// One conversation in the list.

import type { ChatClient } from "@chatserver/client"
import { addressOf } from "../shared/addresses.ts"
import { Avatar } from "../shared/components/Avatar.tsx"
import { Icon } from "../shared/components/Icon.tsx"
import { Ticks } from "../shared/components/Ticks.tsx"
import { draftsOf } from "../shared/drafts.ts"
import { moment } from "../shared/format.ts"
import { locale, t } from "../shared/i18n/index.ts"
import { useChat, useLive } from "../shared/live.ts"
import { preview } from "../shared/preview.ts"
import { shown } from "../shared/route.ts"
import { now, titleOf } from "./bench.ts"
import "../shared/components/ConversationList.css" // its marks
import type { Entry } from "./entries.ts"
import { notesThread } from "./notes.ts"
import { w } from "./texts/index.ts"
import { duration, urgency } from "./waiting.ts"

/** A line that opens it: who, what was said last, and what is to be done about it. */
export function EntryRow(props: { entry: Entry; isCurrent: boolean; isReachable: boolean }) {
  const { entry, isCurrent, isReachable } = props
  const presence = useLive((chat) => chat.presence(entry.face)?.state, [entry.face])
  return (
    <a
      class={`entry ${entry.unread > 0 ? "entry--unread" : ""}`}
      href={addressOf(entry.id)}
      aria-current={isCurrent ? "true" : undefined}
      tabIndex={isReachable ? 0 : -1}
    >
      <Avatar
        id={entry.face}
        name={titleOf(entry)}
        src={entry.avatar}
        presence={presence}
        isRoom={entry.kind === "group" || entry.kind === "channel"}
      />
      <span class="entry__title ellipsis">{titleOf(entry)}</span>
      <span class="entry__time">
        {entry.at > 0 && moment(entry.at, now.value, locale(), t().time)}
      </span>
      <span class="entry__preview ellipsis">
        <Said entry={entry} />
      </span>
      <span class="entry__marks">
        <Marks entry={entry} />
      </span>
      <Standing entry={entry} />
    </a>
  )
}

function Said({ entry }: { entry: Entry }) {
  const chat = useChat()
  const isTyping = useLive(() => (chat.thread(entry.id)?.typing.length ?? 0) > 0, [entry.id])
  if (isTyping) return <span class="entry__typing">{t().list.typing}</span>
  const { last } = entry
  const draft = draftsOf(chat).of(entry.id).value
  if (draft.text.trim() && draft.editing === null && shown.value !== entry.id) {
    return (
      <>
        <span class="entry__draft">{t().list.draft}: </span>
        {draft.text}
      </>
    )
  }
  if (!last) return null
  const me = chat.me?.user ?? ""
  const name = (user: string) => nameIn(chat, entry, user)
  const text = preview(last, me, name)
  if (last.sender === me && !last.recalled) return <>{t().list.said(t().common.you, text)}</>
  const isOthers = last.sender !== entry.customer && last.kind !== "system" && !last.recalled
  const isNamed = isOthers && entry.kind !== "direct"
  return <>{isNamed ? t().list.said(name(last.sender), text) : text}</>
}

/** What somebody is called: of what I only look at nothing but the line itself tells. */
function nameIn(
  chat: ChatClient,
  { customer, title, assignee, assigneeName, last }: Entry,
  user: string,
) {
  if (user === customer) return title
  if (user === assignee) return assigneeName
  const told = last?.body.names as Record<string, string> | undefined
  return told?.[user] || chat.name(user)
}

function Marks({ entry }: { entry: Entry }) {
  const chat = useChat()
  const notes = useLive(() => notesThread(chat, entry.id)?.unread ?? 0, [entry.id])
  const tick = useLive(() => chat.thread(entry.id)?.messages.at(-1)?.tick, [entry.id])
  return (
    <>
      {entry.unread === 0 && tick && <Ticks tick={tick} />}
      {entry.isMuted && <Icon name="muted" size={16} />}
      {entry.isPinned && <Icon name="pin" size={16} />}
      {notes > 0 && (
        <span class="entry__note">
          <Icon name="note" size={16} />
          <span class="hidden-text">{w().list.notes(notes)}</span>
        </span>
      )}
      {entry.mentions > 0 && <span class="badge badge--mention">@</span>}
      {entry.unread > 0 && (
        <span class={`badge ${entry.isMuted ? "badge--muted" : ""}`}>
          {entry.unread > 99 ? "99+" : entry.unread}
          <span class="hidden-text"> {t().list.unread(entry.unread)}</span>
        </span>
      )}
    </>
  )
}

/** Who serves, who waits and for how long; nothing where nobody is to be served. */
function Standing({ entry }: { entry: Entry }) {
  const chat = useChat()
  const { list } = w()
  const isOthers = entry.assignee !== null && entry.assignee !== chat.me?.user
  return (
    <span class="entry__standing">
      {entry.isResolved && (
        <span class="chip chip--settled">
          <Icon name="check" size={13} />
          {list.resolved}
        </span>
      )}
      <Wait since={entry.waitingSince} />
      {entry.kind === "direct" && entry.customer && <span class="chip">{list.direct}</span>}
      {isOthers && <span class="chip ellipsis">{list.servedBy(entry.assigneeName)}</span>}
    </span>
  )
}

/** How long somebody waits, the more striking the longer. */
export function Wait({ since }: { since: number | null }) {
  if (since === null) return null
  const waited = now.value - since
  return (
    <span class={`chip chip--${urgency(waited)}`}>
      <Icon name="clock" size={13} />
      {w().list.waits(duration(waited, locale()))}
    </span>
  )
}
