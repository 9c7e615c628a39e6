// The frame with the chat, on the shop's page. It is loaded when it is made.

import { isOurs, type ToFrame, type ToPage } from "./messages.ts"

/** An iframe of the chat server, and the line to what runs in it. */
export class Frame {
  readonly element: HTMLIFrameElement
  private readonly server: string
  private readonly hear: (message: ToPage) => void
  private isReady = false

  /** `server` is the origin to which alone anything is told, tokens among it. */
  constructor(server: string, title: string, hear: (message: ToPage) => void) {
    this.server = server
    this.hear = hear
    this.element = document.createElement("iframe")
    this.element.title = title
    this.element.allow = "clipboard-write; microphone"
    this.element.src = `${server}/widget?page=${encodeURIComponent(location.origin)}`
    addEventListener("message", this.heard)
  }

  /** Tell the chat something; lost where it has not begun, as all that holds is told then. */
  tell(message: ToFrame): void {
    if (this.isReady) this.element.contentWindow?.postMessage(message, this.server)
  }

  /** Take it off the page. */
  close(): void {
    removeEventListener("message", this.heard)
    this.element.remove()
  }

  private readonly heard = ({ source, origin, data }: MessageEvent) => {
    const isFrame = source === this.element.contentWindow && origin === this.server
    if (!isFrame || !isOurs(data)) return
    this.isReady = true
    this.hear(data as ToPage)
  }
}
