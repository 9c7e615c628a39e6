// What stands in the list: conversations that I am in, and those that lie on the desk of my shop.

import type { DeskView, Message, Thread } from "@chatserver/client"
import { customerOf, unansweredSince, waitsOnDesk } from "./waiting.ts"

/** Parts of the list. */
export type Tab = "mine" | "unassigned" | "all" | "rooms"
export const TABS: readonly Tab[] = ["mine", "unassigned", "all", "rooms"]

/** How a part of the list is ordered. */
export type Order = "latest" | "waiting"

/** A conversation in the list. Times are milliseconds since 1970 UTC. */
export interface Entry {
  id: string
  kind: Thread["kind"]
  title: string
  /** The title by language, where there are several. */
  titles: Record<string, string>
  /** Whose colour and initials it has. */
  face: string
  avatar: string | null
  customer: string | null
  /** Who serves it; null: nobody, or it is no service conversation. */
  assignee: string | null
  assigneeName: string
  isResolved: boolean
  /** Since when the customer waits for an answer. */
  waitingSince: number | null
  last: Message | null
  at: number
  unread: number
  mentions: number
  isPinned: boolean
  isMuted: boolean
  /** Whether I am in it: otherwise I only look at it. */
  isIn: boolean
}

/** A conversation of mine as an entry. */
export function ofThread(thread: Thread, me: string): Entry {
  const { room, last, my } = thread
  const service = room?.service ?? null
  const other = thread.members.find(({ user }) => user !== me)
  const customer = customerOf(thread)
  return {
    ...{ id: thread.id, kind: thread.kind, customer, last },
    ...serviceOf(service),
    title: service ? called(service, service.customer) : thread.title,
    titles: room?.titles ?? {},
    face: service?.customer ?? other?.user ?? thread.id,
    avatar: service ? null : (room?.avatar ?? null),
    waitingSince: unansweredSince(thread),
    at: last?.at ?? 0,
    unread: thread.unread,
    mentions: thread.mentions,
    isPinned: my.pinned,
    isMuted: my.mode === "silent" || my.mode === "none",
    isIn: thread.me.state === "in",
  }
}

/** A conversation on the desk as an entry. */
export function ofDesk(view: DeskView): Entry {
  const { room, last } = view
  const { service } = room
  return {
    ...{ id: view.id, kind: "service", customer: service?.customer ?? null, last },
    ...serviceOf(service),
    title: service ? called(service, service.customer) : room.title,
    titles: {},
    face: service?.customer ?? view.id,
    avatar: null,
    waitingSince: waitsOnDesk(view),
    at: last?.at ?? view.created_at,
    unread: 0,
    mentions: 0,
    isPinned: false,
    isMuted: false,
    isIn: false,
  }
}

/** Whether an entry belongs in a part of the list of this person. */
export function belongs(entry: Entry, tab: Tab, me: string): boolean {
  const isRoom = entry.kind === "group" || entry.kind === "channel"
  switch (tab) {
    case "rooms":
      return isRoom
    case "all":
      return !isRoom
    case "mine":
      if (entry.kind === "direct") return true
      return entry.kind === "service" && entry.assignee === me && !entry.isResolved
    case "unassigned":
      return isUnassigned(entry)
  }
}

/** Whether nobody serves it, and somebody should. */
export function isUnassigned({ kind, assignee, isResolved, waitingSince }: Entry): boolean {
  return kind === "service" && assignee === null && !isResolved && waitingSince !== null
}

/** In the order in which they are shown; those that wait for anybody stand by their wait. */
export function ordered(entries: readonly Entry[], tab: Tab, order: Order): Entry[] {
  const isByWait = tab === "unassigned" || order === "waiting"
  return entries.toSorted(isByWait ? longestWaiting : latestFirst)
}

function serviceOf(service: NonNullable<Thread["room"]>["service"]) {
  const assignee = service?.assignee ?? null
  return {
    assignee,
    assigneeName: service && assignee ? called(service, assignee) : "",
    isResolved: service?.status === "resolved",
  }
}

function called(service: { names: Record<string, string> }, user: string): string {
  return service.names[user] || user
}

function latestFirst(one: Entry, other: Entry): number {
  return Number(other.isPinned) - Number(one.isPinned) || other.at - one.at
}

function longestWaiting(one: Entry, other: Entry): number {
  const [a, b] = [one.waitingSince ?? Infinity, other.waitingSince ?? Infinity]
  return a === b ? latestFirst(one, other) : a - b
}
