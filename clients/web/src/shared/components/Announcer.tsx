// Says to screen readers what happened, without taking the focus.

import { signal } from "@preact/signals"

const said = signal("")

/** Say it, after what is being said. */
export function announce(text: string): void {
  // the same text twice is said twice: a reader hears changes only
  said.value = said.value === text ? `${text}\u00a0` : text
}

/** The place from which it is said: once in a page. */
export function Announcer() {
  return (
    <div class="hidden-text" role="status" aria-live="polite">
      {said.value}
    </div>
  )
}
