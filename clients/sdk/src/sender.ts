// What leaves by itself: messages of the outbox, read marks, typing; each when it is due.

import { ChatDisconnected, ChatRefused } from "./errors.ts"
import type { Call } from "./fetcher.ts"
import type { Input } from "./input.ts"
import { type Pending, payload } from "./outbox.ts"
import { Backoff, ReadMarks, TypingNotes } from "./pacing.ts"
import type { State } from "./state.ts"
import type { Uploads } from "./uploads.ts"

const RETRY_MARK_MS = 1000

/** An attempt to send a message: in flight, or waiting until it is due again. */
interface Attempt {
  inFlight: boolean
  notBefore: number
  backoff: Backoff
}

/** What a sender works with. */
export interface SenderParts {
  call: Call
  uploads: Uploads
  state(): State
  drive(input: Input): void
}

/** One timer for everything with a time of its own. */
export class Sender {
  private readonly parts: SenderParts
  private readonly marks = new ReadMarks()
  private readonly notes = new TypingNotes()
  private readonly attempts = new Map<string, Attempt>()
  private timer: ReturnType<typeof setTimeout> | undefined
  private isOnline = false
  private isClosed = false
  private isWoken = false

  constructor(parts: SenderParts) {
    this.parts = parts
  }

  /** There is a connection, and the sync is done; or no longer. */
  online(isOnline: boolean): void {
    this.isOnline = isOnline
    this.wake()
  }

  /** Something may be due: looked at once, after everything that happens now. */
  wake(): void {
    if (this.isWoken) return
    this.isWoken = true
    queueMicrotask(() => {
      this.isWoken = false
      this.run()
    })
  }

  /** I have read up to `seq`. */
  markRead(conversation: string, seq: number): void {
    this.marks.want(conversation, seq)
    this.wake()
  }

  /** I am typing, or have stopped. */
  noteTyping(conversation: string, on: boolean): void {
    if (this.isOnline && this.notes.note(conversation, on, Date.now())) {
      this.tellTyping(conversation, on)
    }
    this.wake()
  }

  /** A message was made: typing is over. */
  wrote(conversation: string): void {
    this.notes.sent(conversation)
    this.wake()
  }

  /** End; what is in flight stays in the outbox. */
  close(): void {
    this.isClosed = true
    clearTimeout(this.timer)
    this.parts.uploads.close()
  }

  private run(): void {
    if (this.isClosed) return
    const now = Date.now()
    this.parts.uploads.run(this.isOnline)
    if (this.isOnline) this.sendDue(now)
    const state = this.parts.state()
    if (state.expiresAt() <= now) this.parts.drive({ on: "expire", now })
    this.rest(now)
  }

  private rest(now: number): void {
    clearTimeout(this.timer)
    const own = [this.outboxWakesAt(), this.marks.wakeAt(), this.notes.wakeAt()]
    const at = Math.min(this.parts.state().expiresAt(), ...(this.isOnline ? own : []))
    if (Number.isFinite(at)) this.timer = setTimeout(() => this.run(), Math.max(1, at - now))
  }

  private sendDue(now: number): void {
    for (const pending of this.heads()) {
      const attempt = this.attemptOf(pending)
      if (!attempt.inFlight && attempt.notBefore <= now) void this.send(pending, attempt)
    }
    for (const [conversation, seq] of this.marks.due(now)) void this.mark(conversation, seq)
    for (const conversation of this.notes.due(now)) this.tellTyping(conversation, false)
  }

  private outboxWakesAt(): number {
    const attempts = this.heads().map((pending) => this.attemptOf(pending))
    return Math.min(...attempts.filter((one) => !one.inFlight).map((one) => one.notBefore))
  }

  private heads(): Pending[] {
    const state = this.parts.state()
    return state.outbox.heads(state.user)
  }

  private attemptOf({ draft }: Pending): Attempt {
    const known = this.attempts.get(draft.client_id)
    if (known) return known
    const attempt = { inFlight: false, notBefore: 0, backoff: new Backoff(500, 15_000) }
    this.attempts.set(draft.client_id, attempt)
    return attempt
  }

  private async send(pending: Pending, attempt: Attempt): Promise<void> {
    const { drive } = this.parts
    const clientId = pending.draft.client_id
    attempt.inFlight = true
    try {
      const answer = await this.parts.call("message.send", payload(pending))
      this.attempts.delete(clientId)
      if (!this.isClosed) drive({ on: "sent", draft: pending.draft, answer })
    } catch (error) {
      attempt.inFlight = false
      if (this.isClosed) return
      drive({ on: "tried", clientId })
      this.unsent(clientId, attempt, error)
    }
    this.wake()
  }

  private unsent(clientId: string, attempt: Attempt, error: unknown): void {
    const refused = error instanceof ChatRefused ? error : null
    if (refused && !refused.isRetryable) {
      const { code, message } = refused
      this.attempts.delete(clientId)
      this.parts.drive({ on: "failed", clientId, error: { code, message } })
    } else if (!(error instanceof ChatDisconnected)) {
      const wait = Math.max(refused?.retryAfterMs ?? 0, attempt.backoff.next())
      attempt.notBefore = Date.now() + wait
    }
  }

  private async mark(conversation: string, seq: number): Promise<void> {
    try {
      await this.parts.call("read.mark", { conversation, seq }) // which is taken in by itself
    } catch (error) {
      if (error instanceof ChatRefused) {
        if (!error.isRetryable) return
        const wait = Math.max(RETRY_MARK_MS, error.retryAfterMs ?? 0)
        setTimeout(() => this.markAgain(conversation, seq), wait)
      } else this.markAgain(conversation, seq)
    }
  }

  private markAgain(conversation: string, seq: number): void {
    this.marks.again(conversation, seq)
    this.wake()
  }

  private tellTyping(conversation: string, on: boolean): void {
    this.parts.call("typing", { conversation, on }).catch(() => {}) // nobody misses a late note
  }
}
