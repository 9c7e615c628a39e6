// A conversation's messages: read as they come into sight, said as they come, each with its menu.

import type { ChatClient, Thread as Conversation, Shown } from "@chatserver/client"
import { type Signal, useComputed, useSignal, useSignalEffect } from "@preact/signals"
import { useContext, useEffect, useMemo } from "preact/hooks"
import { conversationOf, keyBeside, together } from "../beside.ts"
import { isNamed, titleOf } from "../conversations.ts"
import { type MessageRow, type Row, rows } from "../days.ts"
import { day } from "../format.ts"
import { locale, t } from "../i18n/index.ts"
import { useChat, useLive } from "../live.ts"
import { contentText, preview } from "../preview.ts"
import { announce } from "./Announcer.tsx"
import { Bubble } from "./Bubble.tsx"
import { IconButton } from "./Icon.tsx"
import { openMessageMenu } from "./messageMenu.tsx"
import { BesideContext, type ThreadTools, ToolsContext } from "./threadTools.ts"
import { useUnreadAfter } from "./unreadAfter.ts"
import { ListControl, VirtualList } from "./VirtualList.tsx"
import "./Thread.css"

const NOTHING: readonly Shown[] = []
const FLASH_MS = 1600
const SEEN_ABOVE = 30 // rows above the last one in sight that are looked at

interface ThreadProps {
  id: string
  /** A number that is put here is shown. */
  jumpTo?: Signal<number | null>
  /** A conversation whose messages stand among these by their time, told apart. */
  beside?: string | null
}

/** The messages of a conversation, the latest at the end. */
export function Thread({ id, jumpTo, beside = null }: ThreadProps) {
  const chat = useChat()
  const thread = useLive(() => chat.thread(id), [id])
  const unreadAfter = useUnreadAfter(id)
  const messages = useMessages(thread, beside)
  const drawn = useMemo(() => rows(messages, unreadAfter, beside), [messages, unreadAfter, beside])
  const control = useControl(chat, id, unreadAfter)
  const tools = useThreadTools(chat, id, control, drawn)
  const toolsBeside = useToolsBeside(chat, beside, control, tools)
  useSaid(id)
  useSaid(beside)
  useSignalEffect(() => {
    if (jumpTo?.value == null) return
    tools.jump(jumpTo.value)
    jumpTo.value = null
  })
  return (
    <ToolsContext.Provider value={tools}>
      <BesideContext.Provider value={toolsBeside}>
        <div class="thread" onFocusOut={(event) => leaveRows(event, tools)}>
          <VirtualList
            class="thread__list"
            role="log"
            label={t().thread.label(thread ? titleOf(thread) : "")}
            rows={drawn}
            control={control}
            draw={(row) => <ThreadRow row={row} />}
            onNearTop={() => {
              chat.loadOlder(id)
              if (beside !== null) chat.loadOlder(beside)
            }}
            onSeen={(row) => markRead(chat, drawn, drawn.indexOf(row))}
            onKeyDown={(event) => moveAmong(event, drawn, tools, control)}
          />
          {thread?.isComplete && messages.length === 0 && (
            <p class="thread__empty">{t().thread.empty}</p>
          )}
          {!control.atEnd.value && <ToLatest unread={thread?.unread ?? 0} control={control} />}
        </div>
      </BesideContext.Provider>
    </ToolsContext.Provider>
  )
}

function ThreadRow({ row }: { row: Row }) {
  const toolsBeside = useContext(BesideContext)
  if (row.row === "message") {
    const isBeside = toolsBeside !== null && conversationOf(row.shown) === toolsBeside.id
    return isBeside ? <Beside row={row} tools={toolsBeside} /> : <Bubble row={row} />
  }
  if (row.row === "unread") return <p class="thread__unread">{t().thread.unread}</p>
  return (
    <p class="thread__day">
      <span>{day(row.at, Date.now(), locale(), t().time)}</span>
    </p>
  )
}

/** A message of the conversation beside this one, so that nobody takes it for one of this. */
function Beside({ row, tools }: { row: MessageRow; tools: ThreadTools }) {
  return (
    <ToolsContext.Provider value={tools}>
      <div class={`beside ${row.shown.mine ? "beside--mine" : ""}`}>
        {row.opens && <p class="beside__label">{t().thread.beside}</p>}
        <Bubble row={row} />
      </div>
    </ToolsContext.Provider>
  )
}

function ToLatest({ unread, control }: { unread: number; control: ListControl }) {
  const label = unread > 0 ? t().thread.newBelow(unread) : t().thread.latest
  return (
    <span class="thread__latest">
      <IconButton icon="down" label={label} onClick={() => control.toEnd()} />
      {unread > 0 && <span class="badge">{unread > 99 ? "99+" : unread}</span>}
    </span>
  )
}

function useMessages(thread: Conversation | undefined, beside: string | null): readonly Shown[] {
  const others = useLive(
    (chat) => (beside === null ? undefined : chat.thread(beside)?.messages),
    [beside],
  )
  return useMemo(() => {
    const messages = thread?.messages ?? NOTHING
    return others ? together(messages, others, thread?.isComplete ?? false) : messages
  }, [thread, others])
}

/** A list that begins at the first unread message where that is here, else at the end. */
function useControl(chat: ChatClient, id: string, unreadAfter: number | null): ListControl {
  return useMemo(() => {
    const control = new ListControl()
    const known = chat.conversation(id)
    const isHere = known && unreadAfter !== null && known.log.first <= unreadAfter + 1
    if (isHere && known.unread > 0) control.toRow("unread", 64)
    return control
    // only as it was when the conversation was opened
  }, [chat, id])
}

function useThreadTools(
  chat: ChatClient,
  id: string,
  control: ListControl,
  drawn: readonly Row[],
): ThreadTools {
  const last = useSignal("")
  const chosen = useSignal("")
  const flash = useSignal("")
  last.value = drawn.findLast(({ row }) => row === "message")?.key ?? ""
  const focused = useComputed(() => chosen.value || last.value)
  return useMemo(
    () => ({
      id,
      isRoom: isNamed(chat.thread(id) ?? { room: null }, chat.me?.user),
      focused,
      flash,
      noteFocus: (key) => {
        chosen.value = key
      },
      jump: (seq) => void jump(chat, id, seq, control, flash),
      openMenu: (shown, where) => openMessageMenu(chat, id, shown, where),
    }),
    [chat, id, control],
  )
}

function useToolsBeside(
  chat: ChatClient,
  id: string | null,
  control: ListControl,
  tools: ThreadTools,
): ThreadTools | null {
  return useMemo(() => {
    if (id === null) return null
    return {
      ...tools,
      id,
      isRoom: true,
      jump: (seq) => control.focus(keyBeside(`#${seq}`)),
      openMenu: (shown, where) => openMessageMenu(chat, id, shown, where),
    }
  }, [chat, id, control, tools])
}

async function jump(
  chat: ChatClient,
  id: string,
  seq: number,
  control: ListControl,
  flash: { value: string },
): Promise<void> {
  if (!(await chat.reach(id, seq))) return
  const key = chat.thread(id)?.messages.find((each) => each.seq === seq)?.key
  if (key === undefined) return
  control.focus(key)
  flash.value = key
  setTimeout(() => {
    flash.value = ""
  }, FLASH_MS)
}

/** Arrows move among messages, Home and End to the first and the last one. */
function moveAmong(
  event: KeyboardEvent,
  drawn: readonly Row[],
  tools: ThreadTools,
  control: ListControl,
): void {
  const isRow = (event.target as Element).tagName === "ARTICLE"
  const step = { ArrowUp: -1, ArrowDown: 1, Home: -drawn.length, End: drawn.length }[event.key]
  if (!isRow || step === undefined) return
  event.preventDefault()
  const messages = drawn.filter(({ row }) => row === "message")
  const at = messages.findIndex(({ key }) => key === tools.focused.value)
  const next = messages[Math.min(Math.max(at + step, 0), messages.length - 1)]
  if (next) control.focus(next.key)
}

/** Whoever comes back by Tab comes to the latest message. */
function leaveRows({ currentTarget, relatedTarget }: FocusEvent, tools: ThreadTools): void {
  const isInside = (currentTarget as Element).contains(relatedTarget as Node | null)
  if (!isInside) tools.noteFocus("")
}

/** What is seen is read, and in the conversation beside it what stands just above. */
function markRead(chat: ChatClient, drawn: readonly Row[], at: number): void {
  if (document.visibilityState !== "visible") return
  const read = new Set<string>()
  for (const row of drawn.slice(Math.max(at + 1 - SEEN_ABOVE, 0), at + 1).toReversed()) {
    if (row.row !== "message" || row.shown.seq === null) continue
    const conversation = conversationOf(row.shown)
    if (!read.has(conversation)) chat.read(conversation, row.shown.seq)
    read.add(conversation)
  }
}

/** New messages of others are said, politely. */
function useSaid(id: string | null): void {
  const chat = useChat()
  useEffect(() => {
    if (id === null) return
    return chat.on("message", ({ conversation, message }) => {
      if (conversation !== id || message.sender === chat.me?.user) return
      const name = (user: string) => chat.name(user)
      if (message.kind === "system") announce(preview(message, chat.me?.user ?? "", name))
      else announce(t().thread.said(name(message.sender), contentText(message)))
    })
  }, [chat, id])
}
