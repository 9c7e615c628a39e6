// One connection from its opening to its end, with promises for what it is asked.

import { ChatDisconnected, type ChatError, ChatRefused, ChatTimeout } from "./errors.ts"
import type { Events } from "./protocol.ts"
import type { Auth, Link, Transport } from "./transport.ts"
import { deferred } from "./waiting.ts"

export type Fields = Record<string, unknown>

interface Waiting {
  reject(error: ChatError): void
  timer: ReturnType<typeof setTimeout>
}

/** Calls out, events in. */
export class Session {
  /** Resolves once the server accepts; rejects with why it does not. */
  readonly ready: Promise<Events["ready"]>
  /** Resolves when it is over: whether the server ended it for good. */
  readonly ended: Promise<boolean>
  private readonly timeoutMs: number
  private readonly link: Link
  private readonly waiting = new Set<Waiting>()
  private isOver = false
  private end: (dismissed: boolean) => void = () => {}

  /** Begins to connect; `onEvent` gets every event after `ready`, in order. */
  constructor(
    transport: Transport,
    url: string,
    auth: Auth,
    timeoutMs: number,
    onEvent: (name: string, data: unknown) => void,
  ) {
    this.timeoutMs = timeoutMs
    const opening = deferred<Events["ready"]>()
    const ending = deferred<boolean>()
    const late = setTimeout(() => {
      opening.reject(new ChatDisconnected("The server does not answer"))
    }, timeoutMs)
    this.ready = opening.promise.finally(() => clearTimeout(late))
    this.ended = ending.promise
    this.end = (dismissed) => {
      ending.resolve(dismissed)
      opening.reject(new ChatDisconnected("The server closed the connection"))
      this.over()
    }
    this.link = transport(url, auth, {
      event: (name, data) => {
        if (name === "ready") opening.resolve(data as Events["ready"])
        else if (!this.isOver) onEvent(name, data)
      },
      refused: (why) => {
        opening.reject(
          why ? new ChatRefused(why) : new ChatDisconnected("The server cannot be reached"),
        )
        this.end(false)
      },
      ended: (dismissed) => this.end(dismissed),
    })
  }

  /**
   * Make a call and wait for its acknowledgement.
   *
   * Rejects with ChatRefused, ChatTimeout, or ChatDisconnected when there will be none.
   */
  call(name: string, fields: object): Promise<Fields> {
    if (this.isOver) return Promise.reject(new ChatDisconnected())
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(waiting)
        reject(new ChatTimeout(`No answer to ${name} within ${this.timeoutMs} ms`))
      }, this.timeoutMs)
      const waiting = { reject, timer }
      this.waiting.add(waiting)
      this.link.call(name, fields, (answer) => {
        clearTimeout(timer)
        if (!this.waiting.delete(waiting)) return
        const told = answer as (Fields & { ok?: boolean }) | null
        if (told?.ok === true) resolve(told)
        else reject(new ChatRefused(refusal(told)))
      })
    })
  }

  /** End it. */
  close(): void {
    this.link.close()
    this.end(false)
  }

  private over(): void {
    this.isOver = true
    for (const { reject, timer } of this.waiting) {
      clearTimeout(timer)
      reject(new ChatDisconnected("The connection ended before the answer"))
    }
    this.waiting.clear()
  }
}

function refusal(told: Fields | null): ConstructorParameters<typeof ChatRefused>[0] {
  if (typeof told?.code === "string") return told as never
  return { code: "protocol", message: "The server's answer was not understood" }
}
