// Carries out what the state wants fetched; again after a refusal that passes.

import type { FetchDesk } from "./desk.ts"
import { ChatDisconnected, ChatRefused, ChatTimeout } from "./errors.ts"
import type { Fetch, FetchNames } from "./events.ts"
import type { Input } from "./input.ts"
import { Backoff } from "./pacing.ts"
import type { Calls } from "./protocol.ts"
import { type Deferred, deferred, sleep, within } from "./waiting.ts"

const NEWER_LIMIT = 100
const OLDER_LIMIT = 50
const NAMES_LIMIT = 100
const NAMES_GATHERED_MS = 50 // what unknown people say meanwhile is asked about together

/** What is about one conversation. */
type FetchConversation = Exclude<Fetch, { fetch: "sync" } | FetchDesk>

/** Makes a call by its name. */
export type Call = <Name extends keyof Calls>(
  name: Name,
  fields: Calls[Name]["fields"],
) => Promise<Calls[Name]["answer"]>

/** What a fetcher works with. */
export interface FetcherParts {
  call: Call
  /** What this device has, for a sync. */
  have(): Calls["sync"]["fields"]
  /** The answers become inputs. */
  drive(input: Input): void
  /** A sync is done, or was refused for good. */
  synced(refused?: ChatRefused): void
}

/** Fetches, one thing beside the other. */
export class Fetcher {
  private readonly parts: FetcherParts
  private connection = 0 // counts them: what an earlier one was asked is not answered
  private readonly describing = new Set<string>()
  private readonly unnamed = new Map<string, Set<string>>()
  private isSyncing = false
  private syncAgain = false
  private called: Deferred<void> | undefined // while a sync waits to be asked for again

  constructor(parts: FetcherParts) {
    this.parts = parts
  }

  /** Begin to fetch something. */
  fetch(wanted: Fetch): void {
    if (wanted.fetch === "sync") this.beginSync()
    else if (wanted.fetch === "names") this.name(wanted)
    else if (wanted.fetch === "desk") void this.list(wanted)
    else if (wanted.fetch !== "conversation") void this.carryOut(wanted)
    else if (!this.describing.has(wanted.conversation)) {
      this.describing.add(wanted.conversation)
      void this.carryOut(wanted)
    }
  }

  /** The connection is gone: nothing that was asked will be answered. */
  stop(): void {
    this.connection += 1
    this.describing.clear()
    this.unnamed.clear()
    this.isSyncing = this.syncAgain = false
    this.called?.resolve() // and finds that it is late
    this.called = undefined
  }

  private name({ conversation, users }: FetchNames): void {
    const gathered = this.unnamed.get(conversation)
    if (gathered) for (const user of users) gathered.add(user)
    else {
      this.unnamed.set(conversation, new Set(users))
      void this.gatherNames(conversation, this.connection)
    }
  }

  private async gatherNames(conversation: string, connection: number): Promise<void> {
    await sleep(NAMES_GATHERED_MS)
    if (connection !== this.connection) return
    const users = [...(this.unnamed.get(conversation) ?? [])]
    this.unnamed.delete(conversation)
    for (let at = 0; at < users.length; at += NAMES_LIMIT) {
      await this.carryOut({
        fetch: "names",
        conversation,
        users: users.slice(at, at + NAMES_LIMIT),
      })
    }
  }

  private async list(asked: FetchDesk): Promise<void> {
    const connection = this.connection
    const { view, after = null } = asked
    try {
      const page = await this.persist(() => this.parts.call("desk.list", { view, after }))
      if (connection === this.connection) this.parts.drive({ on: "desk-page", asked, page })
    } catch (error) {
      if (connection !== this.connection || error instanceof ChatDisconnected) return
      this.parts.drive({ on: "refused", asked })
    }
  }

  private async carryOut(wanted: FetchConversation): Promise<void> {
    const connection = this.connection
    try {
      const input = await this.persist(() => this.answer(wanted))
      if (connection !== this.connection) return
      this.describing.delete(wanted.conversation)
      if (input) this.parts.drive(input)
    } catch (error) {
      if (connection !== this.connection || error instanceof ChatDisconnected) return
      this.describing.delete(wanted.conversation)
      this.parts.drive({ on: "refused", asked: wanted })
    }
  }

  private async answer(asked: FetchConversation): Promise<Input | undefined> {
    const { call } = this.parts
    const { conversation } = asked
    switch (asked.fetch) {
      case "conversation":
        await call("conversation.get", { conversation }) // which is taken in by itself
        return undefined
      case "names": {
        await call("conversation.members", { conversation, users: asked.users }) // the same
        return undefined
      }
      case "changes": {
        const fields = { conversation, after: asked.after, limit: NEWER_LIMIT }
        return { on: "changes", asked, page: await call("changes.get", fields) }
      }
      default: {
        const { before = null, after = null } = asked
        const limit = before === null ? NEWER_LIMIT : OLDER_LIMIT
        const page = await call("history.get", { conversation, before, after, limit })
        return { on: "history", asked, page }
      }
    }
  }

  private beginSync(): void {
    if (this.called) return this.called.resolve()
    this.syncAgain = this.isSyncing
    if (this.isSyncing) return
    this.isSyncing = true
    void this.sync(this.connection)
  }

  private async sync(connection: number): Promise<void> {
    try {
      let more = true
      let pause = this.untilCalled
      while (more) {
        this.parts.drive({ on: "syncing" })
        const have = this.parts.have()
        const page = await this.persist(() => this.parts.call("sync", have), pause)
        if (connection !== this.connection) return
        more = page.more
        pause = sleep // what is called for is another sync then
        this.parts.drive({ on: "sync", page })
      }
    } catch (error) {
      if (connection !== this.connection || error instanceof ChatDisconnected) return
      this.parts.drive({ on: "unsynced", forgetToken: true })
      this.parts.synced(error as ChatRefused)
      return
    }
    this.endSync()
  }

  /** Wait so long, or until the server has a turn for us. */
  private readonly untilCalled = async (ms: number): Promise<void> => {
    if (this.syncAgain) {
      this.syncAgain = false // we were called before we came to wait
      return
    }
    const called = deferred<void>()
    this.called = called
    await within(called.promise, ms)
    if (this.called === called) this.called = undefined
  }

  private endSync(): void {
    this.isSyncing = false
    if (this.syncAgain) this.beginSync()
    else this.parts.synced()
  }

  /** Ask until there is an answer, a refusal for good, or another connection. */
  private async persist<T>(ask: () => Promise<T>, pause = sleep): Promise<T> {
    const backoff = new Backoff(500, 10_000)
    const connection = this.connection
    for (;;) {
      if (connection !== this.connection) throw new ChatDisconnected()
      let waitMs = 0
      try {
        return await ask()
      } catch (error) {
        const passes = error instanceof ChatRefused && error.isRetryable
        const late = error instanceof ChatTimeout && !(error instanceof ChatDisconnected)
        if (!passes && !late) throw error
        if (passes) waitMs = error.retryAfterMs ?? 0
      }
      await pause(Math.max(waitMs, backoff.next()))
    }
  }
}
