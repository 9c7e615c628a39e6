// Where the outbox is kept while the page is not there: IndexedDB, or memory where there is none.

import { openDB } from "idb"
import type { Pending } from "./outbox.ts"

/** Keeps what is not stored by the server yet. An application may bring its own. */
export interface OutboxStore {
  /** Everything kept. */
  load(): Promise<Pending[]>
  /** Keep a message, in place of what was kept of it. */
  put(pending: Pending): Promise<void>
  /** It need not be kept any longer. */
  remove(clientId: string): Promise<void>
}

/** Keeps it as long as this page lives: nothing, as the client itself knows it that long. */
export const memoryStore: OutboxStore = {
  load: async () => [],
  put: async () => {},
  remove: async () => {},
}

/** Keeps it in IndexedDB, one database for each device. */
export function indexedDbStore(name: string): OutboxStore {
  const opened = openDB(name, 1, {
    upgrade: (database) => void database.createObjectStore("pending"),
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
  })
  opened.catch(() => {}) // each use says so itself
  return {
    load: async () => (await opened).getAll("pending"),
    put: async (pending) => {
      await (await opened).put("pending", pending, pending.draft.client_id)
    },
    remove: async (clientId) => (await opened).delete("pending", clientId),
  }
}

/** The best store there is here. */
export function bestStore(device: string): OutboxStore {
  return "indexedDB" in globalThis ? indexedDbStore(`chatserver-outbox-${device}`) : memoryStore
}
