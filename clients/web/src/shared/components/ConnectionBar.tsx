// Says when there is no connection, and what becomes of what is written.

import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { t } from "../i18n/index.ts"
import { useLive } from "../live.ts"
import "./ConnectionBar.css"

const PATIENCE_MS = 1500 // a connection that comes that soon is not worth a word

/** A line over the page while it is not connected. */
export function ConnectionBar() {
  const { phase } = useLive((chat) => chat.phase)
  const isLate = useSignal(false)
  const isUp = phase === "connected"
  useEffect(() => {
    isLate.value = false
    if (isUp) return
    const timer = setTimeout(() => {
      isLate.value = true
    }, PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [isUp])
  if (phase === "stopped") {
    return (
      <p class="connection connection--stopped" role="alert">
        {t().connection.stopped}
      </p>
    )
  }
  return (
    <div role="status">
      {isLate.value && !isUp && <p class="connection">{t().connection.offline}</p>}
    </div>
  )
}
