// What a change does to a message, and what counts as unread.

import type { Change, Message, Prefs } from "./protocol.ts"

/** The text of a text message, else nothing. */
export function textOf(message: { body: Record<string, unknown> }): string {
  const text = message.body.text
  return typeof text === "string" ? text : ""
}

/** The message after the change; a change that it already holds leaves it as it is. */
export function apply(message: Message, change: Change): Message {
  const mod = change.mod
  if (mod <= (message.mod ?? 0)) return message
  switch (change.type) {
    case "edit":
      return {
        ...message,
        body: change.body ?? {},
        edited_at: change.at,
        edits: (message.edits ?? 0) + 1,
        mod,
      }
    case "recall":
      return { ...without(bare(message), "pinned"), recalled: true, mod }
    case "react":
      return reacted(message, change)
    case "pin":
      return change.on ? { ...message, pinned: true, mod } : { ...without(message, "pinned"), mod }
    default:
      return { ...message, mod }
  }
}

/** The message as it is shown to who deleted it. */
export function blanked(message: Message): Message {
  return { ...bare(message), deleted: true }
}

/** Whether I deleted message `seq` for myself. */
export function isDeleted(my: Prefs, seq: number): boolean {
  return seq <= my.cleared || my.hidden.includes(seq)
}

/** Whether the message is unread for somebody who has not come this far. */
export function countsFor(message: Message, user: string): boolean {
  const uncounted = message.kind === "void" || message.kind === "system"
  return message.sender !== user && !message.recalled && !message.deleted && !uncounted
}

/** Whether it mentions this person, or everybody. */
export function mentions(message: Message, user: string): boolean {
  return message.mention_all === true || (message.mentions ?? []).includes(user)
}

function bare(message: Message): Message {
  const kept = without(message, "mentions", "mention_all", "reactions", "forwarded")
  return { ...kept, body: {} }
}

function without(message: Message, ...names: (keyof Message)[]): Message {
  const kept = { ...message }
  for (const name of names) delete kept[name]
  return kept
}

function reacted(message: Message, change: Change): Message {
  const reaction = change.reaction ?? ""
  const others = (message.reactions?.[reaction] ?? []).filter((user) => user !== change.by)
  const people = change.on ? [...others, change.by] : others
  const { [reaction]: _, ...rest } = message.reactions ?? {}
  const reactions = people.length > 0 ? { ...message.reactions, [reaction]: people } : rest
  return { ...message, reactions, mod: change.mod }
}
