// A conversation's messages.

import type { Shown } from "@chatserver/client"
import { useEffect, useMemo } from "preact/hooks"
import { type Row, rows } from "../days.ts"
import { day } from "../format.ts"
import { locale, t } from "../i18n/index.ts"
import { useChat, useLive } from "../live.ts"
import { announce } from "./Announcer.tsx"
import { Bubble } from "./Bubble.tsx"
import { IconButton } from "./Icon.tsx"
import { ListControl, VirtualList } from "./VirtualList.tsx"
import "./Thread.css"

const NOTHING: readonly Shown[] = []

/** The messages of a conversation, the latest at the end; what comes into sight is marked as read. */
export function Thread({ id }: { id: string }) {
  const chat = useChat()
  const thread = useLive(() => chat.thread(id), [id])
  const control = useMemo(() => new ListControl(), [id])
  const unreadAfter = useUnreadAfter(id)
  const messages = thread?.messages ?? NOTHING
  const drawn = useMemo(() => rows(messages, unreadAfter), [messages, unreadAfter])
  useSaid(id)
  const isRoom = thread?.room != null
  return (
    <div class="thread">
      <VirtualList
        class="thread__list"
        role="log"
        label={t().thread.label(thread?.title ?? "")}
        rows={drawn}
        control={control}
        draw={(row) => <ThreadRow row={row} isRoom={isRoom} />}
        onNearTop={() => chat.loadOlder(id)}
        onSeen={(key) => markRead(chat, id, messages, key)}
      />
      {messages.length === 0 && <p class="thread__empty">{t().thread.empty}</p>}
      {!control.atEnd.value && (
        <IconButton
          class="thread__latest"
          icon="down"
          label={t().thread.latest}
          onClick={() => control.toEnd()}
        />
      )}
    </div>
  )
}

function ThreadRow({ row, isRoom }: { row: Row; isRoom: boolean }) {
  if (row.row === "message") return <Bubble row={row} isRoom={isRoom} />
  if (row.row === "unread") return <p class="thread__unread">{t().thread.unread}</p>
  return <p class="thread__day">{day(row.at, Date.now(), locale(), t().time)}</p>
}

/** Where the divider stands: how far was read when the conversation was opened; null without one. */
function useUnreadAfter(id: string): number | null {
  const chat = useChat()
  return useMemo(() => {
    const known = chat.conversation(id)
    return known && known.unread > 0 ? known.read : null
  }, [chat, id])
}

function markRead(
  chat: ReturnType<typeof useChat>,
  id: string,
  messages: readonly Shown[],
  key: string,
): void {
  const seen = messages.find((each) => each.key === key)
  if (seen?.seq && document.visibilityState === "visible") chat.read(id, seen.seq)
}

/** New messages of others are said, politely. */
function useSaid(id: string): void {
  const chat = useChat()
  useEffect(() => {
    return chat.on("message", ({ conversation, message }) => {
      if (conversation !== id || message.sender === chat.me?.user) return
      announce(t().thread.said(chat.name(message.sender), String(message.body.text ?? "")))
    })
  }, [chat, id])
}
