// One report, as it stands: others may settle it while it is looked at.

import { type ChatClient, ChatRefused, type Report } from "@chatserver/client"
import { type Signal, useSignal } from "@preact/signals"
import { useCallback, useEffect } from "preact/hooks"
import { useChat, useLive } from "../../shared/live.ts"
import { toast } from "../../shared/overlays.ts"
import { nameIn } from "./naming.ts"
import type { ReportedPlace } from "./place.ts"
import { p } from "./texts.ts"

/** The report; null until it is there, and `gone` where there is none for me. */
export type Held = Signal<Report | "gone" | null>

/** The report at a place, followed, with a way to look at it again. */
export function useReport({ conversation, seq }: ReportedPlace): [Held, () => Promise<void>] {
  const chat = useChat()
  const held: Held = useSignal(null)
  const isUp = useLive(() => chat.phase.phase === "connected")
  const look = useCallback(async () => {
    try {
      take(chat, held, (await chat.call("report.get", { conversation, seq })).report)
    } catch (error) {
      if (error instanceof ChatRefused) held.value = "gone"
    }
  }, [chat, conversation, seq])
  useEffect(() => {
    if (!isUp) return
    void look()
    return chat.on("reports", () => void look())
  }, [chat, look, isUp])
  return [held, look]
}

/** Hold how it stands now; whom somebody else was faster than is told so. */
export function take(chat: ChatClient, held: Held, next: Report): void {
  const before = held.value
  held.value = next
  const isNew = before !== null && before !== "gone" && before.state === "open"
  const done = next.state === "resolved" ? next.resolutions.at(-1) : undefined
  if (!isNew || !done || done.by === chat.me?.user) return
  toast(p().meanwhile(nameIn(next, done.by, chat), p().did[done.verdict]))
}
