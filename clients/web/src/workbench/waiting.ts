// Since when a customer waits for an answer. Times are milliseconds since 1970 UTC.

import type { DeskView, Shown, Thread } from "@chatserver/client"

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** How urgent it is that somebody answers. */
export type Urgency = "fresh" | "late" | "overdue"

/** The customer of a conversation; null where everybody is of the shop, and in rooms. */
export function customerOf(thread: Pick<Thread, "kind" | "room" | "members">): string | null {
  if (thread.kind === "service") return thread.room?.service?.customer ?? null
  if (thread.kind !== "direct") return null
  return thread.members.find(({ role }) => role === "customer")?.user ?? null
}

/** When the customer said what nobody has answered yet; null where nothing is. A new question a day
 * later is a wait of its own: what was not answered by then needed no answer. */
export function unansweredSince(thread: Thread): number | null {
  const customer = customerOf(thread)
  if (customer === null || thread.room?.service?.status === "resolved") return null
  if (thread.messages.length === 0) {
    return thread.last?.sender === customer ? thread.last.at : null
  }
  let since: number | null = null
  for (const shown of thread.messages.toReversed()) {
    if (!isSaid(shown)) continue
    if (shown.sender !== customer || (since !== null && since - shown.at > DAY_MS)) break
    since = shown.at
  }
  return since
}

/** The same for a conversation of which only its place on the desk is known. */
export function waitsOnDesk({ room, last }: DeskView): number | null {
  const { service } = room
  if (!service || service.status === "resolved" || service.since === 0) return null
  if (service.assignee === null) return service.since
  return last && last.sender === service.customer ? last.at : null
}

/** How urgent a wait of this length is. */
export function urgency(waitedMs: number): Urgency {
  if (waitedMs < 5 * MINUTE_MS) return "fresh"
  return waitedMs < 30 * MINUTE_MS ? "late" : "overdue"
}

/** A length of time in its largest whole unit: 5m, 2h, 3d. */
export function duration(ms: number, locale: string): string {
  const [value, unit] = inUnit(Math.max(ms, 0))
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "narrow" }).format(value)
}

function inUnit(ms: number): [value: number, unit: "minute" | "hour" | "day"] {
  if (ms < HOUR_MS) return [Math.max(Math.floor(ms / MINUTE_MS), 1), "minute"]
  if (ms < DAY_MS) return [Math.floor(ms / HOUR_MS), "hour"]
  return [Math.floor(ms / DAY_MS), "day"]
}

function isSaid({ message }: Shown): boolean {
  return message === null || (message.kind !== "system" && !message.recalled && !message.deleted)
}
