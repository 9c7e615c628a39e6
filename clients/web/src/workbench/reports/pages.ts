// Pages of reports from several places, as one list.

import type { ChatClient, Report } from "@chatserver/client"
import { isAdmin } from "../../shared/actions.ts"

/** Whose reports: those of a room, or with null those of my shop. */
export type Scope = string | null

/** What was fetched of one scope, the latest first. */
export interface Page {
  reports: readonly Report[]
  hasMore: boolean
  /** How many wait there, as the server told. */
  open: number
}

const ROOMS_MAX = 50 // rooms whose reports are followed: the liveliest ones

/** What names a report. */
export function keyOf({ conversation, seq }: Pick<Report, "conversation" | "seq">): string {
  return `${conversation} ${seq}`
}

/** Whose reports I may read: a manager those of the shop, a room's admin those of the room. */
export function scopesOf(chat: Pick<ChatClient, "me" | "conversations" | "conversation">): Scope[] {
  const { me } = chat
  if (!me) return []
  const isManager = (me.role === "manager" || me.role === "admin") && Boolean(me.shop)
  const rooms = chat.conversations.filter((id) => {
    const known = chat.conversation(id)
    if (!known?.isIn || (known.kind !== "group" && known.kind !== "channel")) return false
    const isOfShop = isManager && known.room?.shop === me.shop // the shop's reports hold them
    return isAdmin({ me: known.place }) && !isOfShop
  })
  return [...(isManager ? [null] : []), ...rooms.slice(0, ROOMS_MAX)]
}

/** All of them, the latest first: down to where a page ends that has more behind it. */
export function together(pages: readonly Page[]): Report[] {
  const from = Math.max(...pages.map(endOf))
  const all = pages.flatMap(({ reports }) => reports).filter(({ last_at }) => last_at >= from)
  const once = new Map(all.map((report) => [keyOf(report), report]))
  return [...once.values()].sort((one, other) => other.last_at - one.last_at)
}

/** The scope of which more is needed to go on; undefined where there is no more. */
export function toContinue(pages: ReadonlyMap<Scope, Page>): Scope | undefined {
  const unfinished = [...pages].filter(([, { hasMore }]) => hasMore)
  return unfinished.sort(([, one], [, other]) => endOf(other) - endOf(one))[0]?.[0]
}

/** How many wait. Where all are here they are counted: the server's number has those about me. */
export function waiting(pages: readonly Page[]): number {
  const counts = pages.map(({ reports, hasMore, open }) => (hasMore ? open : reports.length))
  return counts.reduce((sum, count) => sum + count, 0)
}

/** When the last one was reported, where more come behind it. */
function endOf({ reports, hasMore }: Page): number {
  return hasMore ? (reports.at(-1)?.last_at ?? 0) : 0
}
