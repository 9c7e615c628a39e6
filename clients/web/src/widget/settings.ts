// What a shop's page sets: `window.chatSettings`, or what it gives to `chatWidget.boot`.

import type { Context, Look } from "./messages.ts"

/** All of it may be left out. */
export interface ChatSettings extends Look {
  /** The origin of the chat server; by default that of this script. */
  server?: string
  /** A token of the shop's own back end for its customer, or what gets one whenever it is needed. */
  token?: string | (() => string | Promise<string>)
  /** The corner in which the button is. */
  position?: "left" | "right"
  /** Fetch the unread count at once, not only when the chat is opened or somebody listens to it. */
  unread?: boolean
  /** What the customer looks at, besides the address and title of the page; false tells nothing. */
  context?: Context | false
}

/** What a shop's page can have the chat do. */
export interface ChatWidget {
  /** Put the button on the page; settings win over those that are there. */
  boot(settings?: ChatSettings): void
  /** Take everything off the page, when the customer logs out, say. */
  shutdown(): void
  show(): void
  hide(): void
  /** Be told how many messages are unread, at first and whenever that changes; gives what ends it. */
  onUnreadCountChange(listener: (count: number) => void): () => void
  /** The customer looks at something else now. */
  setContext(context: Context): void
}

declare global {
  interface Window {
    chatSettings?: ChatSettings
    chatWidget?: ChatWidget
  }
}
