// What the parts of the workbench share.

import type { ChatClient } from "@chatserver/client"
import { type Signal, signal } from "@preact/signals"
import { createContext } from "preact"
import { useContext } from "preact/hooks"
import { language } from "../shared/i18n/index.ts"
import { Searching } from "../shared/search/searching.ts"
import type { Entry } from "./entries.ts"
import { Inbox } from "./inbox.ts"
import { Replies } from "./replies.ts"
import { Reports } from "./reports/reports.ts"

const MINUTE_MS = 60_000

/** One consultant's workbench. */
export interface Bench {
  inbox: Inbox
  replies: Replies
  /** What was reported, for those who look after rooms or the shop. */
  reports: Reports
  /** What is searched for in place of the list. */
  searching: Searching
  /** The conversation beside which a note is being written; null where it is a reply. */
  noting: Signal<string | null>
}

export const BenchContext = createContext<Bench | null>(null)

/** Set up the workbench of who chats. */
export function makeBench(chat: ChatClient): Bench {
  return {
    inbox: new Inbox(chat),
    replies: new Replies(chat),
    reports: new Reports(chat),
    searching: new Searching(chat),
    noting: signal(null),
  }
}

/** The workbench of the page. */
export function useBench(): Bench {
  const bench = useContext(BenchContext)
  if (!bench) throw new Error("No workbench above this component")
  return bench
}

/** What a conversation is called in the language of the page. */
export function titleOf({ title, titles }: Entry): string {
  return titles[language.value] ?? title
}

/** The time, once a minute, in milliseconds since 1970 UTC: waits grow by it. */
export const now = signal(Date.now())
setInterval(() => {
  now.value = Date.now()
}, MINUTE_MS)
