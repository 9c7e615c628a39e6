// What a person chose for the workbench, kept in this browser.

import { type Signal, signal } from "@preact/signals"
import type { Order } from "./entries.ts"

export type SendKey = "enter" | "ctrl-enter"

/** Which key sends; the other one begins a line. */
export const sendKey = kept<SendKey>("send-key", ["enter", "ctrl-enter"])
/** How my own conversations are ordered. */
export const order = kept<Order>("order", ["latest", "waiting"])
/** Whether desktop notifications are wanted; the browser has its own say. */
export const notifications = kept("notifications", ["off", "on"])
/** Whether new messages are heard. */
export const sound = kept("sound", ["off", "on"])

/** A choice, the first one unless another was made; setting it keeps it. */
function kept<T extends string>(name: string, choices: readonly [T, ...T[]]): Signal<T> {
  const key = `chatserver-workbench-${name}`
  const found = globalThis.localStorage?.getItem(key)
  const choice = signal(choices.find((each) => each === found) ?? choices[0])
  let isFirst = true
  choice.subscribe((value) => {
    if (!isFirst) localStorage.setItem(key, value)
    isFirst = false
  })
  return choice
}
