// A thread as rows: messages with what stands between them, and which of them belong together.

import type { Shown } from "@chatserver/client"
import { conversationOf } from "./beside.ts"

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
 * thread was opened; null draws no divider. A message that did not move keeps its row object. Those of
 * the conversation `beside` this one are never the first unread one.
 */
export function rows(
  messages: readonly Shown[],
  unreadAfter: number | null,
  beside: string | null = null,
): Row[] {
  const made: Row[] = []
  const days = new Days()
  let last: { shown: Shown; opens: boolean } | null = null
  let divided = unreadAfter === null
  for (const shown of messages) {
    const isNewDay = days.isAnother(shown.at)
    const isHere = beside === null || conversationOf(shown) !== beside
    const isUnread = !divided && isHere && isUnreadAfter(shown, unreadAfter ?? 0)
    const opens: boolean = isNewDay || isUnread || !last || !belong(last.shown, shown)
    if (last) made.push(messageRow(last.shown, last.opens, opens))
    if (isNewDay) made.push({ row: "day", key: days.key(), at: shown.at })
    if (isUnread) made.push({ row: "unread", key: "unread" })
    divided ||= isUnread
    last = { shown, opens }
  }
  if (last) made.push(messageRow(last.shown, last.opens, true))
  return made
}

/** What is drawn as a line in the middle. */
export function isNote({ message }: Shown): boolean {
  return message !== null && (message.kind === "system" || message.recalled === true)
}

const known = new WeakMap<Shown, MessageRow>()

function messageRow(shown: Shown, opens: boolean, closes: boolean): MessageRow {
  const found = known.get(shown)
  if (found && found.opens === opens && found.closes === closes) return found
  const made: MessageRow = { row: "message", key: shown.key, shown, opens, closes }
  known.set(shown, made)
  return made
}

/** Tells where a day ends and another begins, here; asks the calendar once a day. */
class Days {
  private begin = 0
  private end = 0
  private readonly met = new Set<string>()

  isAnother(at: number): boolean {
    if (this.begin <= at && at < this.end) return false
    const midnight = new Date(at)
    this.begin = midnight.setHours(0, 0, 0, 0)
    this.end = midnight.setDate(midnight.getDate() + 1)
    return true
  }

  /** The same when older messages come before it; a clock that went back meets a day again. */
  key(): string {
    let key = `day ${this.begin}`
    while (this.met.has(key)) key += "+"
    this.met.add(key)
    return key
  }
}

function isUnreadAfter(shown: Shown, read: number): boolean {
  return !shown.mine && shown.seq !== null && shown.seq > read && shown.message?.kind !== "system"
}

function belong(one: Shown, next: Shown): boolean {
  const plain = !isNote(one) && !isNote(next)
  const isSame = one.sender === next.sender && conversationOf(one) === conversationOf(next)
  return plain && isSame && next.at - one.at < RUN_MS
}
