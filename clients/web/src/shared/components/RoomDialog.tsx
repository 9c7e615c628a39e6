// What a conversation is: who is in it, and my own settings of it.

import type { Prefs, RoomMember, Thread } from "@chatserver/client"
import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { attempt } from "../attempt.ts"
import { isOfMany, titleOf } from "../conversations.ts"
import { t } from "../i18n/index.ts"
import { useChat, useLive } from "../live.ts"
import { closeDialog, openDialog } from "../overlays.ts"
import { Confirm, Dialog } from "./Overlays.tsx"
import { Choices, PersonLine } from "./People.tsx"

const PAGE = 50

/** About a conversation: notifications, pinning, members, leaving. */
export function RoomDialog({ id }: { id: string }) {
  const thread = useLive((chat) => chat.thread(id), [id])
  if (!thread) return null
  return (
    <Dialog title={titleOf(thread)}>
      <Own thread={thread} />
      {isOfMany(thread) && <Members id={id} count={thread.room?.count ?? 0} />}
      {isOfMany(thread) && thread.me.state === "in" && <Leaving id={id} title={titleOf(thread)} />}
    </Dialog>
  )
}

function Own({ thread }: { thread: Thread }) {
  const { id, my } = thread
  const chat = useChat()
  const set = (changed: Partial<Prefs>) =>
    void attempt(chat.call("conversation.prefs", { conversation: id, ...changed }))
  const { modes } = t().room
  const offered = isOfMany(thread)
    ? (["all", "mentions", "silent", "none"] as const)
    : (["all", "silent", "none"] as const)
  return (
    <>
      <label class="choice">
        <input
          type="checkbox"
          checked={my.pinned}
          onChange={(event) => set({ pinned: event.currentTarget.checked })}
        />
        {t().room.pin}
      </label>
      <Choices
        title={t().room.notify}
        name="mode"
        value={my.mode}
        choices={offered.map((mode) => [mode, modes[mode]] as const)}
        onChoose={(mode) => set({ mode })}
      />
    </>
  )
}

function Members({ id, count }: { id: string; count: number }) {
  const chat = useChat()
  const members = useSignal<RoomMember[]>([])
  const hasMore = useSignal(false)
  const load = async () => {
    const after = members.value.at(-1)?.user ?? null
    const fields = { conversation: id, after, limit: PAGE }
    const page = await chat.call("conversation.members", fields).catch(() => null) // a channel's
    if (!page) return
    members.value = [...members.value, ...page.members]
    hasMore.value = page.more
  }
  useEffect(() => void load(), [chat, id])
  return (
    <section>
      <h3 class="muted">{t().room.members(count)}</h3>
      <ul class="people">
        {members.value.map((member) => (
          <li key={member.user}>
            <PersonLine user={member.user}>
              {member.role !== "member" && <span class="tag">{t().room.roles[member.role]}</span>}
              {member.staff && <span class="tag">{t().room.staff}</span>}
            </PersonLine>
          </li>
        ))}
      </ul>
      {hasMore.value && (
        <button type="button" class="button" onClick={() => void load()}>
          {t().common.showMore}
        </button>
      )}
    </section>
  )
}

function Leaving({ id, title }: { id: string; title: string }) {
  const chat = useChat()
  const leave = async () => {
    if (await attempt(chat.call("conversation.leave", { conversation: id }))) closeDialog()
  }
  const ask = () =>
    openDialog(() => (
      <Confirm
        title={t().room.leave}
        text={t().room.leaveSure(title)}
        answer={t().room.leave}
        isDangerous
        onAnswer={() => void leave()}
      />
    ))
  return (
    <div class="dialog__foot">
      <button type="button" class="button button--danger" onClick={ask}>
        {t().room.leave}
      </button>
    </div>
  )
}
