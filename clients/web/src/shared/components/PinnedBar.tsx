// What was pinned in a conversation, and what is announced in a room.

import type { Message, Thread } from "@chatserver/client"
import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { t } from "../i18n/index.ts"
import { useChat, useLive } from "../live.ts"
import { closeDialog, openDialog } from "../overlays.ts"
import { preview } from "../preview.ts"
import { Icon, IconButton } from "./Icon.tsx"
import { Dialog } from "./Overlays.tsx"
import { RichText } from "./RichText.tsx"
import "./ThreadHeader.css"

const SEEN = "chatserver-announcement-"

/** Lines between header and messages; `onJump` shows a message. */
export function PinnedBar({ id, onJump }: { id: string; onJump: (seq: number) => void }) {
  const thread = useLive((chat) => chat.thread(id), [id])
  return (
    <>
      {thread?.room?.announcement && <Announced thread={thread} />}
      <Pins id={id} onJump={onJump} />
    </>
  )
}

function Announced({ thread: { id, room } }: { thread: Thread }) {
  const announcement = room?.announcement
  const seen = useSignal(Number(localStorage.getItem(SEEN + id) ?? 0))
  if (!announcement || announcement.at <= seen.value) return null
  const dismiss = () => {
    localStorage.setItem(SEEN + id, String(announcement.at))
    seen.value = announcement.at
  }
  const show = () =>
    openDialog(() => (
      <Dialog title={t().room.announcement}>
        <p class="announcement">
          <RichText text={announcement.text} />
        </p>
      </Dialog>
    ))
  return (
    <div class="pinned-bar">
      <Icon name="announce" size={20} />
      <button type="button" class="pinned-bar__text ellipsis" onClick={show}>
        <span class="pinned-bar__label">{t().room.announcement}</span> {announcement.text}
      </button>
      <IconButton icon="close" label={t().common.close} onClick={dismiss} />
    </div>
  )
}

function Pins({ id, onJump }: { id: string; onJump: (seq: number) => void }) {
  const chat = useChat()
  const pins = usePins(id)
  const latest = pins.at(-1)
  if (!latest) return null
  const me = chat.me?.user ?? ""
  const line = (message: Message) => preview(message, me, (user) => chat.name(user))
  const all = () =>
    openDialog(() => (
      <Dialog title={t().thread.pinned}>
        <ul class="people">
          {pins.map((message) => (
            <li key={message.seq}>
              <button
                type="button"
                class="person"
                onClick={() => {
                  closeDialog()
                  onJump(message.seq)
                }}
              >
                {t().list.said(chat.name(message.sender), line(message))}
              </button>
            </li>
          ))}
        </ul>
      </Dialog>
    ))
  return (
    <div class="pinned-bar">
      <Icon name="pin" size={20} />
      <button
        type="button"
        class="pinned-bar__text ellipsis"
        onClick={() => (pins.length > 1 ? all() : onJump(latest.seq))}
      >
        <span class="pinned-bar__label">
          {t().thread.pinned}
          {pins.length > 1 ? ` ${pins.length}` : ""}
        </span>{" "}
        {line(latest)}
      </button>
    </div>
  )
}

/** The pinned messages, oldest first; asked for when something is pinned. */
function usePins(id: string): Message[] {
  const chat = useChat()
  const pins = useSignal<Message[]>([])
  useEffect(() => {
    const ask = async () => {
      const fields = { conversation: id, pinned: true }
      const page = await chat.call("history.get", fields).catch(() => null) // then none are shown
      if (page) pins.value = page.messages
    }
    pins.value = []
    void ask()
    return chat.on("change", ({ conversation, change }) => {
      if (conversation === id && change.type !== "react") void ask()
    })
  }, [chat, id])
  return pins.value
}
