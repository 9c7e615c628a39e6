// Everything that changes the state, as plain data: whoever takes the same inputs in the same order
// knows the same.

import type { DeskListName, FetchDesk } from "./desk.ts"
import type { Connectivity, Effect, FetchChanges, FetchHistory } from "./events.ts"
import type { Kept } from "./kept.ts"
import type { Draft, Pending, Refusal } from "./outbox.ts"
import type { Calls, ConversationView, Events, Presence } from "./protocol.ts"

/** What a call is answered with. */
export type Answer<Name extends keyof Calls> = Calls[Name]["answer"]

/** Something that happened. Times are milliseconds since 1970 UTC. */
export type Input =
  | { on: "kept"; kept: Kept }
  | { on: "phase"; phase: Connectivity }
  | { on: "ready"; ready: Events["ready"] }
  | { on: "down" }
  | { on: "event"; name: string; data: unknown; now: number }
  | { on: "syncing" }
  | { on: "sync"; page: Answer<"sync"> }
  | { on: "unsynced"; forgetToken: boolean }
  | { on: "view"; view: ConversationView }
  | { on: "history"; asked: FetchHistory; page: Answer<"history.get"> }
  | { on: "changes"; asked: FetchChanges; page: Answer<"changes.get"> }
  | { on: "names"; conversation: string; page: Answer<"conversation.members"> }
  | { on: "desk"; view: DeskListName }
  | { on: "desk-more"; view: DeskListName }
  | { on: "desk-page"; asked: FetchDesk; page: Answer<"desk.list"> }
  | { on: "refused"; asked: Exclude<Effect, { fetch: "sync" } | { tell: string }> }
  | { on: "older"; conversation: string }
  | { on: "watch"; users: string[] }
  | { on: "foreground"; tab: string; isFront: boolean | null }
  | { on: "stored"; conversation: string; seq: number }
  | { on: "done"; conversation: string; mod: number }
  | { on: "marked"; conversation: string; answer: Answer<"read.mark"> }
  | { on: "presence"; told: Record<string, Presence> }
  | { on: "expire"; now: number }
  | { on: "pending"; pending: Pending }
  | { on: "tried"; clientId: string }
  | { on: "progress"; clientId: string; done: number }
  | { on: "uploaded"; clientId: string; media: string }
  | { on: "sent"; draft: Draft; answer: Answer<"message.send"> }
  | { on: "failed"; clientId: string; error: Refusal }
  | { on: "retry"; clientId: string; order: number }
  | { on: "discard"; clientId: string }
