// What somebody may do with a message and in a conversation, as far as this page can tell: the server
// decides, this only spares offering what it would refuse.

import type { Person, Shown, Thread } from "@chatserver/client"

export type MessageAction =
  | "retry"
  | "discard"
  | "react"
  | "reply"
  | "copy"
  | "edit"
  | "forward"
  | "pin"
  | "unpin"
  | "readers"
  | "recall"
  | "report"
  | "delete"

/** What is known when a menu opens. Times are milliseconds. */
export interface Situation {
  shown: Shown
  thread: Pick<Thread, "kind" | "me" | "room">
  me: Pick<Person, "role"> | null
  limits: Record<string, number>
  now: number
}

const FORWARDED_KINDS = new Set([
  "text",
  "card",
  "image",
  "video",
  "voice",
  "file",
  "location",
  "link",
])
const DAY_MS = 86_400_000

/** What is offered for a message, in the order of the menu. */
export function messageActions(situation: Situation): MessageAction[] {
  const { shown, thread } = situation
  if (shown.tick === "failed") return ["retry", "copy", "discard"]
  const { message } = shown
  if (!message) return ["copy"]
  if (message.recalled || message.deleted || message.kind === "system") return ["delete"]
  const isHere = thread.me.state === "in"
  const isText = message.kind === "text"
  const offered: [MessageAction, boolean][] = [
    ["react", isHere],
    ["reply", isHere && mayWrite(thread, situation.now) === "yes"],
    ["copy", isText],
    ["edit", isHere && isText && shown.mine && within(situation, "edit_window_ms", DAY_MS)],
    ["forward", FORWARDED_KINDS.has(message.kind) && thread.kind !== "notes"],
    [message.pinned ? "unpin" : "pin", isHere && (!hasAdmins(thread) || isAdmin(thread))],
    ["readers", isHere && thread.kind === "group" && (shown.mine || isAdmin(thread))],
    ["recall", isHere && mayRecall(situation)],
    ["report", !shown.mine && message.kind !== "void" && thread.kind !== "notes"],
    ["delete", true],
  ]
  return offered.flatMap(([action, may]) => (may ? [action] : []))
}

/** Whether I may write here, or what keeps me from it. */
export function mayWrite(
  { kind, me, room }: Pick<Thread, "kind" | "me" | "room">,
  now: number,
): "yes" | "invited" | "asked" | "gone" | "muted" | "all_muted" | "channel" {
  if (me.state === "invited" || me.state === "asked") return me.state
  if (me.state !== "in") return "gone"
  if (kind === "channel" && !isAdmin({ me })) return "channel"
  if (me.muted_until > now) return "muted"
  if (room && room.muted_until > now && !isAdmin({ me })) return "all_muted"
  return "yes"
}

/** Whether I am admin of the room, or its owner. */
export function isAdmin({ me }: Pick<Thread, "me">): boolean {
  return me.role === "admin" || me.role === "owner"
}

/** Whether admins have a say there; in other conversations all are alike. */
function hasAdmins({ kind }: Pick<Thread, "kind">): boolean {
  return kind === "group" || kind === "channel"
}

/** Whether I may mention everybody. */
export function mayMentionAll({ room, me }: Pick<Thread, "room" | "me">): boolean {
  return room !== null && (isAdmin({ me }) || room.settings.mention_all === "everyone")
}

function mayRecall(situation: Situation): boolean {
  const { shown, thread, me } = situation
  if (!shown.mine) return hasAdmins(thread) && isAdmin(thread)
  const isStaff = me !== null && me.role !== "customer"
  return isStaff || within(situation, "recall_window_ms", 120_000)
}

function within({ shown, limits, now }: Situation, limit: string, otherwise: number): boolean {
  return now - shown.at < (limits[limit] ?? otherwise)
}
