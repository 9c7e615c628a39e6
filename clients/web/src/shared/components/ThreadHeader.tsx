// What stands above a conversation: who it is with, whether they are there, what is announced.

import type { Thread } from "@chatserver/client"
import { useEffect } from "preact/hooks"
import { moment } from "../format.ts"
import { locale, t } from "../i18n/index.ts"
import { useChat, useLive } from "../live.ts"
import { openDialog } from "../overlays.ts"
import { useShopStatus } from "../shopStatus.ts"
import { Avatar } from "./Avatar.tsx"
import { IconButton } from "./Icon.tsx"
import { RoomDialog } from "./RoomDialog.tsx"
import "./ThreadHeader.css"

/** Name, state, and the way to everything about the conversation. */
export function ThreadHeader({ id }: { id: string }) {
  const chat = useChat()
  const thread = useLive(() => chat.thread(id), [id])
  const other = thread?.room ? undefined : otherOf(thread, chat.me?.user)
  const presence = useLive(() => (other ? chat.presence(other) : undefined), [other])
  useEffect(() => {
    if (other) chat.watch([other]).catch(() => {}) // then there is just no dot
  }, [chat, other])
  if (!thread) return null
  return (
    <div class="thread-header">
      <Avatar
        id={other ?? id}
        name={thread.title}
        src={thread.room?.avatar ?? null}
        isRoom={thread.room !== null}
        presence={presence?.state}
      />
      <div class="thread-header__names">
        <h2 class="ellipsis">{thread.title}</h2>
        <State thread={thread} other={other} />
      </div>
      <IconButton
        icon={thread.room ? "people" : "more"}
        label={t().room.about}
        onClick={() => openDialog(() => <RoomDialog id={id} />)}
      />
    </div>
  )
}

function State({ thread, other }: { thread: Thread; other: string | undefined }) {
  const chat = useChat()
  const presence = useLive(() => (other ? chat.presence(other) : undefined), [other])
  const isStaff = thread.members.some(({ user, role }) => user === other && isServing(role))
  const answers = useShopStatus(isStaff ? (chat.me?.shop ?? null) : null)
  if (thread.typing.length > 0) {
    return <p class="thread-header__state thread-header__state--typing">{typists(chat, thread)}</p>
  }
  const said = thread.room ? t().room.members(thread.room.count) : presenceText(presence)
  const both = [said, answers].filter((text) => text !== "").join(" · ")
  return <p class="thread-header__state ellipsis">{both}</p>
}

function typists(chat: ReturnType<typeof useChat>, { typing, room }: Thread): string {
  if (!room) return t().list.typing
  const names = typing.slice(0, 3).map((user) => chat.name(user))
  const all = names.join(t().system.and)
  return typing.length === 1 ? t().thread.typing(all) : t().thread.typingSeveral(all)
}

function presenceText(presence: { state: string; last_seen: number | null } | undefined): string {
  const words = t().presence
  if (!presence) return ""
  if (presence.state === "online") return words.online
  if (presence.state === "away") return words.away
  if (presence.last_seen === null) return words.offline
  return words.lastSeen(moment(presence.last_seen, Date.now(), locale(), t().time))
}

function otherOf(thread: Thread | undefined, me: string | undefined): string | undefined {
  return thread?.members.find(({ user }) => user !== me)?.user
}

function isServing(role: string): boolean {
  return role === "consultant" || role === "manager"
}
