// Where the line above new messages stands: it does not move while somebody reads.

import { useSignal } from "@preact/signals"
import { useEffect, useMemo } from "preact/hooks"
import { useChat, useLive } from "../live.ts"

/** How far was read when the conversation was opened, or the page left; null draws no line. */
export function useUnreadAfter(id: string): number | null {
  const chat = useChat()
  const isKnown = useLive(() => chat.conversation(id) !== undefined, [id])
  const after = useSignal<number | null>(null)
  useMemo(() => {
    const known = chat.conversation(id)
    after.value = known && known.unread > 0 ? known.read : null
  }, [chat, id, isKnown])
  useEffect(() => {
    const look = () => {
      const known = chat.conversation(id)
      if (!known) return
      if (document.visibilityState === "hidden") after.value = known.read
      else {
        if (known.unread === 0) after.value = null
      }
    }
    document.addEventListener("visibilitychange", look)
    return () => document.removeEventListener("visibilitychange", look)
  }, [chat, id])
  return after.value
}
