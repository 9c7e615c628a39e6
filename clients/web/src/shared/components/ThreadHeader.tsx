// What stands above a conversation: who it is with, whether they are there, what is announced.

import type { Person, Thread } from "@chatserver/client"
import { useEffect } from "preact/hooks"
import { isOfMany, otherOf, titleOf } from "../conversations.ts"
import { moment } from "../format.ts"
import { locale, t } from "../i18n/index.ts"
import { useChat, useLive } from "../live.ts"
import { openDialog } from "../overlays.ts"
import { SearchDialog } from "../search/SearchDialog.tsx"
import { s } from "../search/texts.ts"
import { useShopStatus } from "../shopStatus.ts"
import { Avatar } from "./Avatar.tsx"
import { IconButton } from "./Icon.tsx"
import { RoomDialog } from "./RoomDialog.tsx"
import "./ThreadHeader.css"

const SERVING = new Set(["consultant", "manager"])

/** Name, state, and the way to everything about the conversation. */
export function ThreadHeader({ id }: { id: string }) {
  const chat = useChat()
  const thread = useLive(() => chat.thread(id), [id])
  const other = otherOf(thread, chat.me)
  const presence = useLive(() => (other ? chat.presence(other) : undefined), [other])
  useEffect(() => {
    if (other) chat.watch([other]).catch(() => {}) // then there is just no dot
  }, [chat, other])
  if (!thread) return null
  return (
    <div class="thread-header">
      <Avatar
        id={other ?? id}
        name={titleOf(thread)}
        src={thread.room?.avatar ?? null}
        isRoom={thread.room !== null}
        presence={presence?.state}
      />
      <div class="thread-header__names">
        <h2 class="ellipsis">{titleOf(thread)}</h2>
        <State thread={thread} other={other} />
      </div>
      <IconButton
        icon="search"
        label={s().inConversation}
        onClick={() => openDialog(() => <SearchDialog id={id} />)}
      />
      <IconButton
        icon={isOfMany(thread) ? "people" : "more"}
        label={t().room.about}
        onClick={() => openDialog(() => <RoomDialog id={id} />)}
      />
    </div>
  )
}

function State({ thread, other }: { thread: Thread; other: string | undefined }) {
  const chat = useChat()
  const presence = useLive(() => (other ? chat.presence(other) : undefined), [other])
  const answers = useShopStatus(shopOf(thread, other, chat.me))
  if (thread.typing.length > 0) {
    return <p class="thread-header__state thread-header__state--typing">{typists(chat, thread)}</p>
  }
  const serving = thread.room?.service && other ? t().room.serving(chat.name(other)) : ""
  const said = isOfMany(thread) ? t().room.members(thread.room?.count ?? 0) : presenceText(presence)
  const all = [serving, said, answers].filter((text) => text !== "").join(" · ")
  return <p class="thread-header__state ellipsis">{all}</p>
}

function typists(chat: ReturnType<typeof useChat>, thread: Thread): string {
  const { typing } = thread
  if (!isOfMany(thread)) return t().list.typing
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

/** The shop that a customer talks with here, if it is one. */
function shopOf(thread: Thread, other: string | undefined, me: Person | null): string | null {
  if (me?.role !== "customer") return null
  if (thread.room) return thread.room.service ? thread.room.shop : null
  const isServed = thread.members.some(({ user, role }) => user === other && SERVING.has(role))
  return isServed ? (me.shop ?? null) : null
}
