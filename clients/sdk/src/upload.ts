// One upload by the tus protocol, that goes on where it was after every loss.
// Source: tus 1.0.0 (https://tus.io/protocols/resumable-upload).

import { ChatRefused, ChatTimeout, type ToldRefusal } from "./errors.ts"
import { Backoff } from "./pacing.ts"
import { within } from "./waiting.ts"

const PLACE = "/media/uploads"
const PART_MIN = 2 ** 17
const PART_MAX = 2 ** 22
const PART_MS = 1000 // a part that takes longer is followed by a smaller one
const QUIET_MS = 60_000 // a request that takes longer is taken for lost
const LATER = new Set([408, 409, 423, 429, 460, 500, 502, 503, 504])

/** What can be uploaded. */
export type MediaKind = "image" | "voice" | "video" | "file"

/** What the server is told of it. */
export interface MediaClaims {
  kind: MediaKind
  /** What a file is called. */
  name?: string
  /** How long it plays, in milliseconds; believed where the server cannot find that out itself. */
  durationMs?: number
  /** How loud it is, at most 64 numbers from 0 to 100; believed likewise. */
  waveform?: number[]
}

/** What an upload goes through. */
export interface UploadParts {
  url: string
  fetch: typeof fetch
  token(): string | Promise<string>
  /** So many bytes of it are there. */
  onProgress(done: number): void
  signal: AbortSignal
  /** How long it tries although nothing moves. */
  giveUpAfterMs: number
}

/** Sends a blob to a server. */
export class Upload {
  private readonly parts: UploadParts
  private readonly content: Blob
  private readonly claims: MediaClaims
  private readonly backoff = new Backoff(500, 15_000)
  private token: string | null = null
  private place: string | null = null
  private offset = 0
  private part = PART_MIN
  private movedAt = Date.now()
  private isSure = true // that the server is at `offset`

  constructor(content: Blob, claims: MediaClaims, parts: UploadParts) {
    this.content = content
    this.claims = claims
    this.parts = parts
  }

  /**
   * Send all of it; the id of the medium.
   *
   * Rejects with ChatRefused when the server refuses it for good, with ChatTimeout when nothing moved
   * for too long, and with the signal's reason.
   */
  async run(): Promise<string> {
    try {
      for (;;) {
        this.parts.signal.throwIfAborted()
        const waitMs = await this.step().catch((error) => this.after(error))
        if (typeof waitMs === "string") return waitMs
        if (waitMs > 0) await this.pause(waitMs)
      }
    } finally {
      if (this.parts.signal.aborted) this.forget()
    }
  }

  /** What was begun need not be kept there. */
  private forget(): void {
    if (this.place !== null) this.ask("DELETE", this.place).catch(() => {}) // it lapses by itself
  }

  /** One request; the id of the medium after the last one, else how long to wait. */
  private async step(): Promise<string | number> {
    const isPart = this.place !== null && this.isSure
    const answer = await this.next()
    if (!answer.ok) return this.refused(answer)
    this.place = answer.headers.get("Location") ?? this.place
    const offset = Number(answer.headers.get("Upload-Offset") ?? 0)
    const isFurther = offset > this.offset
    this.offset = offset
    if (isFurther) this.moved(offset)
    const media = answer.headers.get("Chat-Media")
    if (media !== null) return media
    if (isPart && !isFurther) return this.later(stuck(), this.backoff.next())
    this.isSure = true
    return 0
  }

  /** Begin it, ask how far it is, or go on with it. */
  private async next(): Promise<Response> {
    if (this.place === null) return this.begin()
    if (!this.isSure) return this.ask("HEAD", this.place)
    const begun = Date.now()
    const body = this.rest()
    const headers = { "Upload-Offset": String(this.offset) }
    this.part = Math.max(this.part / 2, PART_MIN) // should this one be lost
    const answer = await this.ask("PATCH", this.place, headers, body)
    if (Date.now() - begun < PART_MS) this.part = Math.min(body.size * 2, PART_MAX)
    return answer
  }

  /** What is small goes with the first request. */
  private begin(): Promise<Response> {
    const headers = {
      "Upload-Length": String(this.content.size),
      "Upload-Metadata": metadata(this.claims),
    }
    const body = this.content.size <= PART_MIN ? this.rest() : undefined
    return this.ask("POST", PLACE, headers, body)
  }

  private rest(): Blob {
    return this.content.slice(this.offset, this.offset + this.part)
  }

  private async ask(
    method: string,
    path: string,
    more: Record<string, string> = {},
    body?: Blob,
  ): Promise<Response> {
    this.isSure = false // until there is an answer
    this.token ??= await this.parts.token()
    const headers = {
      Authorization: `Bearer ${this.token}`,
      "Tus-Resumable": "1.0.0",
      ...more,
      ...(body ? { "Content-Type": "application/offset+octet-stream" } : {}),
    }
    const quiet = new AbortController()
    const stop = () => quiet.abort()
    const timer = setTimeout(stop, QUIET_MS)
    this.parts.signal.addEventListener("abort", stop)
    const { fetch, url } = this.parts
    const init = { method, headers, signal: quiet.signal, ...(body ? { body } : {}) }
    return fetch(url.replace(/\/$/, "") + path, init).finally(() => {
      clearTimeout(timer)
      this.parts.signal.removeEventListener("abort", stop)
    })
  }

  private moved(offset: number): void {
    this.movedAt = Date.now()
    this.backoff.reset()
    this.parts.onProgress(offset)
  }

  /** Later again, from the beginning, with another token, or never. */
  private async refused(answer: Response): Promise<number> {
    this.place = answer.headers.get("Location") ?? this.place
    const told = (await answer.json().catch(() => null)) as ToldRefusal | null
    const error = new ChatRefused(
      told ?? { code: "internal", message: `The server answered ${answer.status}` },
    )
    if (answer.status === 404 && this.place !== null)
      this.place = null // it lapsed
    else if (error.code === "token_expired") this.token = null
    else if (!LATER.has(answer.status)) throw error
    if (this.place === null) this.offset = 0
    return this.later(error, Math.max(error.retryAfterMs ?? 0, this.backoff.next()))
  }

  /** A lost connection is come back from, as long as something moves now and then. */
  private after(error: unknown): number {
    this.parts.signal.throwIfAborted()
    if (error instanceof ChatRefused || error instanceof ChatTimeout) throw error
    return this.later(stuck(), this.backoff.next())
  }

  private later(error: unknown, waitMs: number): number {
    if (Date.now() - this.movedAt > this.parts.giveUpAfterMs) throw error
    return waitMs
  }

  private async pause(ms: number): Promise<void> {
    const { signal } = this.parts
    let wake = () => {}
    const woken = new Promise<void>((resolve) => {
      wake = resolve
    })
    signal.addEventListener("abort", wake)
    await within(woken, ms)
    signal.removeEventListener("abort", wake)
  }
}

function stuck(): ChatTimeout {
  return new ChatTimeout("The upload does not get on")
}

function metadata({ kind, name, durationMs, waveform }: MediaClaims): string {
  const said: Record<string, string> = {
    kind,
    ...(name ? { name } : {}),
    ...(durationMs === undefined ? {} : { duration_ms: String(Math.round(durationMs)) }),
    ...(waveform && waveform.length > 0 ? { waveform: JSON.stringify(waveform) } : {}),
  }
  return Object.entries(said)
    .map(([key, value]) => `${key} ${base64(value)}`)
    .join(",")
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
