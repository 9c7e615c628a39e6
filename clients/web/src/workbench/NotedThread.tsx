// The messages of a conversation with the notes beside it.

import type { Thread as Shown } from "@chatserver/client"
import type { Signal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { Thread } from "../shared/components/Thread.tsx"
import { useChat, useLive } from "../shared/live.ts"
import { notesThread } from "./notes.ts"

/** The thread; for service conversations with the notes merged in, as far as I may read them. */
export function NotedThread(props: { thread: Shown; jumpTo: Signal<number | null> }) {
  const { thread, jumpTo } = props
  const chat = useChat()
  const { id, kind } = thread
  const notes = useLive(() => notesThread(chat, id)?.id ?? null, [id])
  const isUp = useLive(() => chat.phase.phase === "connected")
  const place = thread.me.state
  useEffect(() => {
    if (kind !== "service" || !isUp) return
    chat.notes(id).catch(() => {}) // then there are none for me
  }, [chat, id, kind, isUp, place])
  return <Thread id={id} beside={notes} jumpTo={jumpTo} />
}
