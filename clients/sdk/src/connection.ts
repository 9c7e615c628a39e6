// Staying connected: one session after the other, with waits between them that spread clients.

import { ChatDisconnected, type ChatError, ChatRefused, ChatStopped } from "./errors.ts"
import type { Connectivity } from "./events.ts"
import { Backoff } from "./pacing.ts"
import type { DeviceInfo, Events } from "./protocol.ts"
import { type Fields, Session } from "./session.ts"
import type { Transport } from "./transport.ts"
import { deferred, within } from "./waiting.ts"

const FINAL = ["unauthorized", "origin_refused", "protocol"] // coming back would not help
const SOONEST_MS = 50

/** A token, or what gets one; asked on every attempt and when the token is about to end. */
export type TokenSource = string | (() => string | Promise<string>)

/** Where to connect, and as whom. */
export interface Address {
  url: string
  token: TokenSource
  device: DeviceInfo
  transport: Transport
  /** What uploads go through; by default the one of this place. */
  fetch?: typeof fetch
  timeoutMs: number
}

/** Who is told about the connection. */
export interface Listener {
  onReady(ready: Events["ready"]): void
  onEvent(name: string, data: unknown): void
  onDown(): void
  onPhase(phase: Connectivity): void
}

/** Connects, comes back after a loss, and stops only when the server wants that. */
export class Connection {
  private readonly address: Address
  private readonly listener: Listener
  private readonly backoff = new Backoff(1000, 30_000)
  private session: Session | null = null
  private up = deferred<void>()
  private hurried = deferred<void>()
  private returnAt: number | null = null
  private stopped: ChatStopped | null = null
  private expiredOnce = false

  constructor(address: Address, listener: Listener) {
    this.address = address
    this.listener = listener
  }

  /** Whether a new token can be had. */
  get isRenewable(): boolean {
    return typeof this.address.token === "function"
  }

  /** Stay connected until it ends for good; gives why. */
  async run(): Promise<ChatStopped> {
    while (this.stopped === null) {
      this.listener.onPhase({ phase: "connecting" })
      const { waitMs, error } = await this.stay()
      if (this.stopped !== null) break
      const why = error ? { code: error.code, message: error.message } : {}
      this.hurried = deferred<void>()
      this.listener.onPhase({ phase: "waiting", retryInMs: Math.round(waitMs), ...why })
      await within(this.hurried.promise, waitMs)
    }
    const { code, message } = this.stopped
    if (code !== "closed") this.listener.onPhase({ phase: "stopped", code, message })
    return this.stopped
  }

  /** Make a call; without a connection it waits for one as long as for an answer. */
  async call(name: string, fields: object): Promise<Fields> {
    if (this.session === null && this.stopped === null) {
      await within(this.up.promise, this.address.timeoutMs)
    }
    if (this.session === null) throw new ChatDisconnected()
    return this.session.call(name, fields)
  }

  /** A token, freshly asked for where it comes from a function. */
  async token(): Promise<string> {
    const { token } = this.address
    return typeof token === "function" ? token() : token
  }

  /** The server goes down: stay until it ends the connection, and come back after `waitMs`. */
  drain(waitMs: number): void {
    this.returnAt = Date.now() + waitMs
  }

  /** End for good. */
  stop(code: string, message: string): void {
    this.stopped ??= new ChatStopped(code, message)
    this.session?.close()
    this.up.resolve() // nobody waits for a connection any longer
    this.hurry()
  }

  /** Give this connection up and make a new one. */
  drop(): void {
    this.session?.close()
  }

  /** Do not wait any longer before the next attempt. */
  hurry(): void {
    this.hurried.resolve()
  }

  /** One session; gives how long to wait before the next, and why it ended. */
  private async stay(): Promise<{ waitMs: number; error?: ChatError }> {
    this.returnAt = null
    let session: Session | null = null
    try {
      session = await this.open()
      const ready = await session.ready
      if (this.stopped !== null) return { waitMs: 0 }
      this.begin(session, ready)
      if (await session.ended) this.stop("kicked", "This device is connected anew elsewhere")
      return { waitMs: this.afterLoss() }
    } catch (error) {
      if (error instanceof ChatStopped) this.stop(error.code, error.message)
      if (error instanceof ChatRefused) return { waitMs: this.afterRefusal(error), error }
      if (error instanceof ChatDisconnected) return { waitMs: this.backoff.next(), error }
      if (this.stopped !== null) return { waitMs: 0 }
      throw error
    } finally {
      this.finish(session)
    }
  }

  private async open(): Promise<Session> {
    const { url, device, transport, timeoutMs } = this.address
    const token = await this.token().catch((error) => {
      throw error instanceof ChatStopped ? error : new ChatDisconnected(`No token: ${error}`)
    })
    const hear = (name: string, data: unknown) => this.listener.onEvent(name, data)
    return new Session(transport, url, { token, device }, timeoutMs, hear)
  }

  private begin(session: Session, ready: Events["ready"]): void {
    this.session = session
    this.backoff.reset()
    this.expiredOnce = false
    this.up.resolve()
    this.listener.onReady(ready)
  }

  private finish(session: Session | null): void {
    if (session !== null && this.session === session) {
      this.session = null
      this.up = deferred<void>()
      this.listener.onDown()
    }
    session?.close()
  }

  private afterRefusal(refused: ChatRefused): number {
    const expired = refused.code === "token_expired"
    if (FINAL.includes(refused.code) || (expired && !this.isRenewable)) {
      this.stop(refused.code, refused.message)
    }
    if (expired && !this.expiredOnce) {
      this.expiredOnce = true
      return SOONEST_MS
    }
    return Math.max(SOONEST_MS, refused.retryAfterMs ?? this.backoff.next())
  }

  private afterLoss(): number {
    if (this.returnAt === null) return this.backoff.next()
    return Math.max(SOONEST_MS, this.returnAt - Date.now())
  }
}
