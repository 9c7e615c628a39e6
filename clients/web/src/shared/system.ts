// What the server says in a room, as a sentence.

import type { Message } from "@chatserver/client"
import { exactly } from "./format.ts"
import { locale, t } from "./i18n/index.ts"

const FOR_EVER = 2 ** 53

/** The sentence of a system message; a plain one for those that this page does not know. */
export function systemText(message: Message, me: string, name: (user: string) => string): string {
  const { type, by, users, title, until, text } = message.body
  const called = (user: unknown) => (user === me ? t().common.you : name(String(user)))
  const told = {
    by: by ? called(by) : "",
    users: Array.isArray(users) ? users.map(called).join(t().system.and) : "",
    title: String(title ?? ""),
    text: typeof text === "string" ? text : "",
    until: typeof until === "number" && until < FOR_EVER ? exactly(until, locale()) : "",
  }
  const sentences: Record<string, unknown> = t().system.said
  const sentence = sentences[type === "announcement" && !told.text ? "unannounced" : String(type)]
  return typeof sentence === "function" ? sentence(told) : t().system.unknown
}
