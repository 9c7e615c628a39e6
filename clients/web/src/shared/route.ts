// Where the page is: `#/c/ID` shows a conversation, so that "back" works on a phone.

import { signal } from "@preact/signals"

/** The conversation that is shown; none on the list alone. */
export const shown = signal<string | null>(null)

/** The conversation that an address names. */
export function conversationIn(hash: string): string | null {
  const found = /^#\/c\/([^/]+)$/.exec(hash)?.[1]
  if (found === undefined) return null
  try {
    return decodeURIComponent(found)
  } catch {
    return null // somebody typed it
  }
}

/** The address of a conversation on this page. */
export function addressOf(conversation: string): string {
  return `#/c/${encodeURIComponent(conversation)}`
}

/** Follow the address from now on. */
export function followAddress(): void {
  const follow = () => {
    shown.value = conversationIn(location.hash)
  }
  addEventListener("hashchange", follow)
  follow()
}

/** Show a conversation, one step further in the history. */
export function show(conversation: string): void {
  if (shown.value === conversation) return
  location.hash = addressOf(conversation)
  shown.value = conversation // the address tells it later: the next key may come before
}

/** Back to the list. */
export function leave(): void {
  location.hash = "#/"
}
