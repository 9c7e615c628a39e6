// What a message says in one line.

import type { Message } from "@chatserver/client"
import { cardLine } from "./cards/plain.ts"
import { t } from "./i18n/index.ts"
import { systemText } from "./system.ts"

/** The line of a message: its text, or what kind it is. */
export function preview(message: Message, me: string, name: (user: string) => string): string {
  const { thread } = t()
  if (message.recalled) {
    return message.sender === me ? thread.recalledMine : thread.recalled(name(message.sender))
  }
  if (message.deleted) return thread.deleted
  if (message.kind === "system") return systemText(message, me, name)
  return contentText(message)
}

/** The text of a message, or the word for its kind. */
export function contentText(message: Pick<Message, "kind" | "body">): string {
  const line = cardLine(message, kindText(message.kind))
  if (line !== null) return line
  const { text } = message.body
  if (typeof text === "string") return text
  if (message.kind === "card" && message.body.type === "forward") return t().kinds.forwarded
  return message.kind === "void" ? "" : kindText(message.kind)
}

function kindText(kind: Message["kind"]): string {
  const words: Record<string, string> = t().kinds
  return words[kind] ?? t().kinds.unknown
}
