// How far a message of mine has come: clock, one check, two checks, coloured when read.

import type { Tick } from "@chatserver/client"
import { t } from "../i18n/index.ts"

const SHAPES: Record<Tick, string> = {
  sending: "M8 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM8 6.5V10l2.5 1.5",
  sent: "M3 10.5l3.5 3.5L14 6",
  delivered: "M1.5 10.5L5 14l7.5-8M9.5 13.5l.5.5L17.5 6",
  read: "M1.5 10.5L5 14l7.5-8M9.5 13.5l.5.5L17.5 6",
  failed: "M8 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM8 6.5v4.5M8 13.5h.01",
}

/** The tick of a message; it says itself to screen readers. */
export function Ticks({ tick }: { tick: Tick }) {
  return (
    <svg
      class={`ticks ticks--${tick}`}
      width="19"
      height="16"
      viewBox="0 1 19 18"
      fill="none"
      stroke="currentColor"
      stroke-width="1.7"
      stroke-linecap="round"
      stroke-linejoin="round"
      role="img"
      aria-label={t().tick[tick]}
    >
      <path d={SHAPES[tick]} />
    </svg>
  )
}
