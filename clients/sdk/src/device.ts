// Which installation this is.

import { newClientId } from "./outbox.ts"

/** What keeps a text by name: `localStorage`, or an application's own. */
export interface TextStorage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

/** An id for `device`, made once per installation and kept. */
export function installationId(storage: TextStorage, key = "chatserver-device"): string {
  const kept = storage.getItem(key)
  if (kept) return kept
  const made = newClientId()
  storage.setItem(key, made)
  return made
}
