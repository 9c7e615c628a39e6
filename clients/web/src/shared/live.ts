// The bridge from the SDK to signals: what a component reads of the chat draws it again when it is
// another value, and nothing else does.

import type { ChatClient } from "@chatserver/client"
import { type ReadonlySignal, signal } from "@preact/signals"
import { createContext } from "preact"
import { useContext, useMemo } from "preact/hooks"

/** The chat of the page. */
export const ChatContext = createContext<ChatClient | null>(null)

/** The chat of the page; components below `ChatContext.Provider` have one. */
export function useChat(): ChatClient {
  const chat = useContext(ChatContext)
  if (!chat) throw new Error("No chat above this component")
  return chat
}

/** A signal of what `select` gives; it is subscribed only while somebody looks. */
export function live<T>(chat: ChatClient, select: (chat: ChatClient) => T): ReadonlySignal<T> {
  let stop = () => {}
  const shown = signal(select(chat), {
    watched() {
      stop = chat.subscribe(
        () => select(chat),
        (value) => {
          shown.value = value
        },
      )
    },
    unwatched() {
      stop()
    },
  })
  return shown
}

/** What `select` gives, now and whenever it is another value; made anew when `about` changes. */
export function useLive<T>(select: (chat: ChatClient) => T, about: readonly unknown[] = []): T {
  const chat = useChat()
  const shown = useMemo(() => live(chat, select), [chat, ...about])
  return shown.value
}
