// A thread as rows: messages with what stands between them, and which of them belong together.

import type { Shown } from "@chatserver/client"
import { daysBetween } from "./format.ts"

const RUN_MS = 5 * 60_000 // messages of one person closer than this are drawn as one run

/** A message; `opens` and `closes` say where in its run it stands. */
export interface MessageRow {
  row: "message"
  key: string
  shown: Shown
  opens: boolean
  closes: boolean
}

/** What is drawn below each other in a thread. */
export type Row =
  | MessageRow
  | { row: "day"; key: string; at: number }
  | { row: "unread"; key: "unread" }

/**
 * The rows of these messages. `unreadAfter` is the number up to which everything was read when the
 * thread was opened; null draws no divider.
 */
export function rows(messages: readonly Shown[], unreadAfter: number | null): Row[] {
  const made: Row[] = []
  let previous: MessageRow | null = null
  let divided = unreadAfter === null
  for (const shown of messages) {
    const isNewDay: boolean = !previous || daysBetween(previous.shown.at, shown.at) !== 0
    const isUnread = !divided && isUnreadAfter(shown, unreadAfter ?? 0)
    if (isNewDay) made.push({ row: "day", key: `day ${shown.key}`, at: shown.at })
    if (isUnread) made.push({ row: "unread", key: "unread" })
    divided ||= isUnread
    const opens: boolean = isNewDay || isUnread || !previous || !belong(previous.shown, shown)
    if (previous) previous.closes = opens
    previous = { row: "message", key: shown.key, shown, opens, closes: true }
    made.push(previous)
  }
  return made
}

function isUnreadAfter(shown: Shown, read: number): boolean {
  return !shown.mine && shown.seq !== null && shown.seq > read && shown.message?.kind !== "system"
}

function belong(one: Shown, next: Shown): boolean {
  const plain = !isNote(one) && !isNote(next)
  return plain && one.sender === next.sender && next.at - one.at < RUN_MS
}

/** What is drawn as a line in the middle. */
export function isNote({ message }: Shown): boolean {
  return message !== null && (message.kind === "system" || message.recalled === true)
}
