// The line from the frame to the shop's page that shows it.

import { type Signal, signal } from "@preact/signals"
import { type Deferred, deferred } from "./deferred.ts"
import { type Beginning, type Context, isOurs, type ToFrame, type ToPage } from "./messages.ts"

/** The shop's page around this frame; the server says which may show it at all. */
export class Page {
  /** Whether the frame is in sight, and whether it was opened by hand and so takes the focus. */
  readonly shown = signal({ isShown: false, takesFocus: false })
  /** What the customer looks at there. */
  readonly context: Signal<Context | null> = signal(null)
  /** How the page wants it. */
  readonly begun: Promise<Beginning>
  private readonly origin: string
  private asked: Deferred<string> | null = null

  /** `origin` is that of the page: nobody else is heard, and nobody else is told anything. */
  constructor(origin: string) {
    this.origin = origin
    const beginning = deferred<Beginning>()
    this.begun = beginning.promise
    addEventListener("message", ({ source, origin, data }) => {
      if (source !== parent || origin !== this.origin || !isOurs(data)) return
      const message = data as ToFrame
      if (message.chat === "begin") beginning.resolve(message)
      else this.heard(message)
    })
    this.tell({ chat: "ready" })
  }

  /** Tell how many messages are unread. */
  count(unread: number): void {
    this.tell({ chat: "unread", count: unread })
  }

  /** Tell that frames in other tabs know nothing of this one. */
  alone(): void {
    this.tell({ chat: "alone" })
  }

  /** Have the page hide the frame. */
  hide(): void {
    this.tell({ chat: "hide" })
  }

  /** A token of the shop's back end for its customer. */
  token = (): Promise<string> => {
    this.asked ??= deferred<string>()
    this.tell({ chat: "token" })
    return this.asked.promise
  }

  private heard(message: ToFrame): void {
    if (message.chat === "shown") this.shown.value = message
    else if (message.chat === "context") this.context.value = message.context
    else if (message.chat === "token") {
      if (message.token === null) this.asked?.reject(new Error("The page has no token"))
      else this.asked?.resolve(message.token)
      this.asked = null
    }
  }

  private tell(message: ToPage): void {
    parent.postMessage(message, this.origin)
  }
}

/** The page that shows this one in a frame, as it named itself; null for a page on its own. */
export function pageAround(): Page | null {
  const named = new URLSearchParams(location.search).get("page")
  return named && parent !== window ? new Page(named) : null
}
