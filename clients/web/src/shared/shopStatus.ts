// How soon a shop answers.

import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { t } from "./i18n/index.ts"
import { useChat } from "./live.ts"

const AGAIN_MS = 120_000
const MINUTE_MS = 60_000

/** A sentence on how soon customers of a shop get an answer; empty while that is not known. */
export function useShopStatus(shop: string | null): string {
  const chat = useChat()
  const answersInMs = useSignal<number | null>(null)
  useEffect(() => {
    if (shop === null) return
    const ask = async () => {
      if (document.visibilityState !== "visible") return
      const told = await chat.call("shop.status", { shop }).catch(() => null) // told another time
      answersInMs.value = told?.online ? told.answers_in_ms : null
    }
    void ask()
    const timer = setInterval(ask, AGAIN_MS)
    return () => clearInterval(timer)
  }, [chat, shop])
  if (answersInMs.value === null) return ""
  return t().presence.answersIn(Math.max(1, Math.round(answersInMs.value / MINUTE_MS)))
}
