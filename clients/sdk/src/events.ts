// What this client tells its application, by the name for `chat.on`.

import type { FetchDesk } from "./desk.ts"
import type { Badge, Change, Context, Message, Presence } from "./protocol.ts"

/** Where the connection stands; `retryInMs` while waiting, `code` and `message` say why it is down.
 * A stopped client does not come back by itself. */
export interface Connectivity {
  phase: "connecting" | "syncing" | "connected" | "waiting" | "stopped"
  retryInMs?: number
  code?: string
  message?: string
}

/** What a client may tell, and what comes with it. */
export interface ChatEvents {
  /** A new message stands at the end of a conversation, in order and without a gap before it. */
  message: { conversation: string; message: Message }
  /** A message was edited, recalled, reacted to or pinned; `message` is how it now stands. */
  change: { conversation: string; message: Message; change: Change }
  /** Older messages were loaded, or the conversation starts afresh: read its messages anew. */
  history: { conversation: string }
  /** Something about a conversation moved: counts, members, settings; or it is new. */
  conversation: { conversation: string }
  /** A member, perhaps I on another device, has read everything up to `seq`. */
  read: { conversation: string; user: string; seq: number }
  /** A device of a member has everything up to `seq`. */
  delivered: { conversation: string; user: string; seq: number }
  /** A member is typing, or has stopped. */
  typing: { conversation: string; user: string; on: boolean }
  /** A watched person came or went. */
  presence: { user: string } & Presence
  /** My unread messages and mentions over all conversations that are not muted. */
  badge: Badge
  /** A message of mine on its way changed its state, or more of what it brings along is there. */
  pending: { conversation: string; clientId: string; state: PendingState }
  /** The connection came, went, or is tried again. */
  connection: Connectivity
  /** My profile changed elsewhere; `profile.get` has it. */
  profile: { rev: number }
  /** What lies on the desk moved: read its lists anew. */
  desk: Record<never, never>
  /** A customer whom I serve looks at something else now. */
  context: { user: string; context: Context }
  /** My canned replies changed elsewhere; `snippet.list` has them. */
  snippets: { rev: number }
  /** How many reports of a room, or with null of my shop, wait. It is told after `report.list` has been
   * called in this connection. */
  reports: { conversation: string | null; open: number }
}

/** How far a message of mine on its way has come. */
export type PendingState = "sending" | "sent" | "failed" | "discarded"

export type ChatEventName = keyof ChatEvents

/** An event with its name. */
export type Told = {
  [Name in ChatEventName]: { tell: Name; data: ChatEvents[Name] }
}[ChatEventName]

/** What the state wants fetched; `era` tells an answer from before a reset. */
export type Fetch =
  | { fetch: "history"; conversation: string; era: number; after?: number; before?: number }
  | { fetch: "changes"; conversation: string; era: number; after: number }
  | { fetch: "conversation"; conversation: string }
  | { fetch: "names"; conversation: string; users: string[] }
  | FetchDesk
  | { fetch: "sync" }

export type FetchHistory = Extract<Fetch, { fetch: "history" }>
export type FetchChanges = Extract<Fetch, { fetch: "changes" }>
export type FetchNames = Extract<Fetch, { fetch: "names" }>

/** What follows from something that happened: to be fetched, or to be told. */
export type Effect = Fetch | Told

/** An event, to be told. */
export function tell<Name extends ChatEventName>(name: Name, data: ChatEvents[Name]): Told {
  return { tell: name, data } as Told
}
