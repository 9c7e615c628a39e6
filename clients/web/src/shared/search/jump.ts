// From what was found to where it stands.

import { type Signal, signal, useSignalEffect } from "@preact/signals"
import { show } from "../route.ts"

/** A message that is to be shown in its conversation. */
const wanted = signal<{ conversation: string; seq: number } | null>(null)

/** Open a conversation at a message. */
export function openAt(conversation: string, seq: number): void {
  show(conversation)
  requestAnimationFrame(() => {
    wanted.value = { conversation, seq } // once a dialog that closes has given the focus back
  })
}

/** Have the open conversation go to the message that is wanted of it. */
export function useWanted(id: string, jumpTo: Signal<number | null>): void {
  useSignalEffect(() => {
    if (wanted.value?.conversation !== id) return
    jumpTo.value = wanted.value.seq
    wanted.value = null
  })
}
