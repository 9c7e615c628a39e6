// What people and places of a report are called. The report tells it: moderators need not be there.

import type { ChatClient, Report } from "@chatserver/client"
import { language } from "../../shared/i18n/index.ts"
import { r } from "../../shared/reports/texts.ts"
import { p } from "./texts.ts"

/** What somebody in a report is called. */
export function nameIn({ names }: Pick<Report, "names">, user: string, chat: ChatClient): string {
  return names[user] || chat.name(user)
}

/** Where the message was said. */
export function whereOf(report: Report, chat: ChatClient): string {
  const { place } = report
  if (!place) return p().unknown
  const names = place.members.map((user) => nameIn(report, user, chat))
  switch (place.kind) {
    case "direct":
      return p().direct(names.join(p().and))
    case "service":
      return p().service(names[0] ?? "")
    case "notes":
      return p().notes
    default:
      return place.titles[language.value] ?? (place.title || p().unknown)
  }
}

/** What is said to be wrong with it, each reason once, the first one first. */
export function reasonsOf({ complaints }: Pick<Report, "complaints">): string[] {
  const words = complaints.map(({ rule, reason }) => (rule ? p().byFilter : r().reasons[reason]))
  return [...new Set(words)]
}
