// Where the page is: `#/c/ID` shows a conversation, so that "back" works on a phone.

import { signal } from "@preact/signals"
import { addressOf, conversationIn } from "./addresses.ts"

/** The conversation that is shown; none on the list alone. */
export const shown = signal<string | null>(null)

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

/** Show a conversation in place of what is shown, which is no step to go back to. */
export function showInstead(conversation: string): void {
  history.replaceState(null, "", addressOf(conversation))
  shown.value = conversation
}

/** Back to the list. */
export function leave(): void {
  location.hash = "#/"
}
