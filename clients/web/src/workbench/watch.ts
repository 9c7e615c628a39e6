// Whose coming and going is told.

import { useEffect } from "preact/hooks"
import { useChat } from "../shared/live.ts"
import type { Entry } from "./entries.ts"

/** Be told when the other one of this conversation comes and goes. */
export function useWatch(entry: Entry | undefined): void {
  const chat = useChat()
  const isOne = entry?.kind === "direct" || entry?.kind === "service"
  const user = isOne ? entry.face : null
  useEffect(() => {
    if (user !== null) chat.watch([user]).catch(() => {}) // nothing is known of them then
  }, [chat, user])
}
