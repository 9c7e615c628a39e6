// What a device keeps of its conversations while the page is not there, so that the next page shows
// something before it is connected, and asks the server for what is new alone.

import { type DBSchema, openDB } from "idb"
import type { Conversation } from "./conversation.ts"
import type { Person } from "./protocol.ts"
import type { State } from "./state.ts"

const SAVE_AFTER_MS = 1000 // what moves meanwhile is saved together
const MESSAGES = 60 // of each conversation, the latest
const CONVERSATIONS = 200 // with the latest messages; a sync names each of them

/** Who I am, with the limits and names that go with it. */
export interface KeptPerson {
  me: Person
  limits: Record<string, number>
  names: [user: string, name: string][]
}

/** A conversation as plain data; `at` is the time of its latest message, in ms since 1970 UTC. */
export interface KeptConversation {
  id: string
  at: number
  data: Conversation
}

/** Everything kept. */
export interface Kept {
  person: KeptPerson
  conversations: KeptConversation[]
}

/** Where conversations are kept. An application may bring its own; what is given is plain data. */
export interface HistoryStore {
  /** What is kept, if anything. */
  load(): Promise<Kept | null>
  /** Keep these conversations in place of what was kept of them, and nothing of those that are
   * `gone`; all of it or nothing. */
  put(kept: Kept, gone: readonly string[]): Promise<void>
  /** Forget everything. */
  clear(): Promise<void>
}

interface Schema extends DBSchema {
  person: { key: number; value: KeptPerson }
  conversations: { key: string; value: KeptConversation }
}

/** Keeps it in IndexedDB, one database for each device. */
export function indexedDbHistory(device: string): HistoryStore {
  const opened = openDB<Schema>(`chatserver-history-${device}`, 1, {
    upgrade: (database) => {
      database.createObjectStore("person")
      database.createObjectStore("conversations")
    },
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
  })
  opened.catch(() => {}) // each use says so itself
  const write = async () => (await opened).transaction(["person", "conversations"], "readwrite")
  return {
    load: async () => {
      const stores = (await opened).transaction(["person", "conversations"])
      const person = await stores.objectStore("person").get(0)
      const conversations = await stores.objectStore("conversations").getAll()
      return person ? { person, conversations } : null
    },
    put: async ({ person, conversations }, gone) => {
      const stores = await write()
      void stores.objectStore("person").put(person, 0)
      for (const each of conversations) void stores.objectStore("conversations").put(each, each.id)
      for (const id of gone) void stores.objectStore("conversations").delete(id)
      await stores.done
    },
    clear: async () => {
      const stores = await write()
      void stores.objectStore("person").clear()
      void stores.objectStore("conversations").clear()
      await stores.done
    },
  }
}

/** Keeps conversations a moment after they moved. */
export class Keeper {
  private readonly store: HistoryStore
  private readonly state: () => State
  private readonly moved = new Set<string>()
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(store: HistoryStore, state: () => State) {
    this.store = store
    this.state = state
  }

  /** What is kept: the conversations with the latest messages. Nothing where a store fails. */
  async load(): Promise<Kept | null> {
    const kept = await this.store.load().catch(() => null)
    if (!kept) return null
    const latest = kept.conversations.sort((one, other) => other.at - one.at)
    return { ...kept, conversations: latest.slice(0, CONVERSATIONS) }
  }

  /** A conversation moved. */
  note(conversation: string): void {
    this.moved.add(conversation)
    this.timer ??= setTimeout(() => this.save(), SAVE_AFTER_MS)
  }

  /** Keep now what moved. */
  save(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const { me, limits, people, conversations } = this.state()
    const moved = [...this.moved]
    this.moved.clear()
    if (!me || moved.length === 0) return
    const kept = moved.flatMap((id) => {
      const known = conversations.get(id)
      // what staff only look at is theirs for as long as they are connected
      return known && known.place.state !== "viewing" ? known.kept(MESSAGES) : []
    })
    const held = new Set(kept.map(({ id }) => id))
    const gone = moved.filter((id) => !held.has(id))
    const person = { me, limits, names: people.all() }
    this.store.put({ person, conversations: kept }, gone).catch(() => {}) // the server has it all
  }

  /** Forget everything: this person is logged out here. */
  clear(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.moved.clear()
    this.store.clear().catch(() => {})
  }
}
