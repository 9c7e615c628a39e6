// The media of messages on their way: a few at a time, each until it is there or given up.

import type { Address } from "./connection.ts"
import { ChatError } from "./errors.ts"
import type { Input } from "./input.ts"
import type { Attachment } from "./media.ts"
import type { Pending } from "./outbox.ts"
import type { State } from "./state.ts"
import { Upload } from "./upload.ts"

const AT_ONCE = 2
const GIVE_UP_MS = 300_000

/** What uploads work with. */
export interface UploadsParts {
  address: Address
  state(): State
  drive(input: Input): void
}

/** Uploads what messages of the outbox bring along. */
export class Uploads {
  private readonly parts: UploadsParts
  private readonly running = new Map<string, AbortController>()

  constructor(parts: UploadsParts) {
    this.parts = parts
  }

  /** Begin what is due, and end what nobody wants any more. */
  run(mayBegin: boolean): void {
    const { outbox, user } = this.parts.state()
    const wanted = new Map(outbox.uploads(user).map((one) => [one.draft.client_id, one]))
    for (const [clientId, control] of this.running) {
      if (!wanted.has(clientId)) this.end(clientId, control)
    }
    for (const [clientId, { attachment }] of mayBegin ? wanted : []) {
      if (this.running.size >= AT_ONCE) return
      if (attachment && !this.running.has(clientId)) void this.begin(clientId, attachment)
    }
  }

  /** End all of them; they begin anew with the next page. */
  close(): void {
    for (const [clientId, control] of this.running) this.end(clientId, control)
  }

  private end(clientId: string, control: AbortController): void {
    this.running.delete(clientId)
    control.abort()
  }

  private async begin(clientId: string, attachment: Attachment): Promise<void> {
    const { drive } = this.parts
    const control = new AbortController()
    this.running.set(clientId, control)
    const isOn = () => this.running.get(clientId) === control
    const told = await uploaded(attachment, this.parts.address, {
      signal: control.signal,
      onProgress: (done) => isOn() && drive({ on: "progress", clientId, done }),
    }).then(
      (media): Input => ({ on: "uploaded", clientId, media }),
      (error): Input => ({ on: "failed", clientId, error: reason(error) }),
    )
    if (!isOn()) return
    this.running.delete(clientId)
    drive(told)
  }
}

/** Upload something; the id of the medium. */
export function uploaded(
  { content, ...claims }: Attachment,
  { url, token, fetch = globalThis.fetch }: Address,
  options: {
    signal?: AbortSignal
    onProgress?: (done: number, all: number) => void
    giveUpAfterMs?: number
  },
): Promise<string> {
  const { signal = new AbortController().signal, giveUpAfterMs = GIVE_UP_MS } = options
  return new Upload(content, claims, {
    ...{ url, signal, giveUpAfterMs },
    fetch: (input, init) => fetch(input, init), // a browser's wants no `this`
    token: () => (typeof token === "function" ? token() : token),
    onProgress: (done) => options.onProgress?.(done, content.size),
  }).run()
}

function reason(error: unknown): NonNullable<Pending["error"]> {
  const code = error instanceof ChatError ? error.code : "internal"
  return { code, message: error instanceof Error ? error.message : String(error) }
}
