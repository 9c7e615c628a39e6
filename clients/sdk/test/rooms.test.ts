// The rules of a room in the client's picture, one by one.

import assert from "node:assert/strict"
import test from "node:test"
import type { Effect } from "../src/events.ts"
import { NO_PREFS } from "../src/log.ts"
import type { Change, ConversationView, Me, Message, Room } from "../src/protocol.ts"
import { State } from "../src/state.ts"

const ME = "mei"
const ID = "r1"
const PLACE: Me = { role: "member", state: "in", muted_until: 0, first: 1 }

function said(seq: number, sender = "lin", more: Partial<Message> = {}): Message {
  const body = { text: `text ${seq}` }
  return {
    conversation: ID,
    seq,
    client_id: `c${seq}`,
    sender,
    kind: "text",
    body,
    at: seq,
    ...more,
  }
}

function roomOf(revision: number, title = "Mothers"): Room {
  return {
    ...{ title, owner: "lin", titles: {}, avatar: null, announcement: null, muted_until: 0 },
    ...{ speakers: [], shop: null, community: null, capacity: 9, count: 3, asked: 0, invited: 0 },
    settings: {
      ...{ join: "invitation", history: "all", history_last: 50 },
      ...{ slow_mode_s: 0, mention_all: "admins" },
    } as Room["settings"],
    ...{ revision, service: null, notes_of: null },
  }
}

interface Told extends Partial<Omit<ConversationView, "me" | "head">> {
  revision?: number
  me?: Partial<Me>
}

function view(seq: number, mod: number, { revision = 1, me = {}, ...more }: Told = {}) {
  const made: ConversationView = {
    ...{
      id: ID,
      kind: "group",
      created_at: 1,
      members: [],
      head: { seq, mod },
      read: 0,
      unread: 0,
    },
    ...{ mentions: 0, last: null, my: NO_PREFS, room: roomOf(revision) },
    ...more,
    me: { ...PLACE, ...me },
  }
  return made
}

class Device {
  readonly state = new State()

  /** Three messages of a room, all of them here, one of them read. */
  constructor(first = view(3, 0, { read: 1, unread: 2 }), messages = [said(1), said(2), said(3)]) {
    const me = { user: ME, name: ME, role: "customer" } as const
    this.state.take({ on: "ready", ready: { me, device: "d", time: 0, limits: {}, protocol: 1 } })
    this.state.take({ on: "syncing" })
    this.synced(first, messages)
  }

  get room() {
    const room = this.state.conversations.get(ID)
    assert.ok(room)
    return room
  }

  get seqs(): number[] {
    return this.room.messages.map(({ seq }) => seq)
  }

  synced(told: ConversationView, messages: Message[]): void {
    const synced = { ...told, messages, changes: [], more: false, reset: false }
    const badge = { unread: 0, mentions: 0 }
    this.state.take({
      on: "sync",
      page: { conversations: [synced], badge, token: "t", more: false },
    })
  }

  hears(name: string, data: unknown): Effect[] {
    return this.state.take({ on: "event", name, data, now: 0 })
  }

  told(conversation: ConversationView): Effect[] {
    return this.hears("conversation", { conversation })
  }

  changed(change: Partial<Change>): void {
    this.hears("change", { conversation: ID, by: "lin", at: 0, ...change })
  }
}

function fetches(effects: Effect[]): object[] {
  return effects.filter((effect) => "fetch" in effect)
}

function isAfresh(effects: Effect[]): boolean {
  return effects.some((effect) => "tell" in effect && effect.tell === "history")
}

test("what all share of a room is merged and never goes back", () => {
  const mei = new Device()
  for (const [revision, title] of [
    [3, "Mothers of March"],
    [2, "older"],
  ] as const) {
    const room = roomOf(revision, title)
    mei.hears("conversation", { conversation: { id: ID, kind: "group", room } })
  }
  assert.deepEqual([mei.room.room?.title, mei.room.room?.revision], ["Mothers of March", 3])
  assert.deepEqual([mei.room.place, mei.room.unread], [PLACE, 2])
})

test("an unknown room is fetched", () => {
  const mei = new Device()
  mei.state.conversations.delete(ID)
  const shared = { conversation: { id: ID, kind: "group", room: roomOf(2) } }
  const effects = mei.hears("conversation", shared)
  assert.deepEqual(fetches(effects), [{ fetch: "conversation", conversation: ID }])
})

test("a late description does not move my place", () => {
  const mei = new Device()
  mei.told(view(3, 0, { revision: 3, me: { state: "removed" } }))
  mei.told(view(3, 0, { revision: 2 }))
  assert.equal(mei.room.place.state, "removed")
})

test("who is out keeps what was there and has nothing unread", () => {
  const mei = new Device()
  mei.told(view(3, 0, { revision: 2, me: { state: "removed" } }))
  assert.deepEqual(mei.seqs, [1, 2, 3])
  assert.deepEqual([mei.room.unread, mei.state.badge.unread], [0, 0])
})

test("what is heard while out is known after coming in again", () => {
  const mei = new Device()
  mei.told(view(3, 0, { revision: 2, me: { state: "left" } }))
  assert.deepEqual(mei.hears("message", said(9)), [])
  const effects = mei.told(view(8, 2, { revision: 3 }))
  assert.ok(isAfresh(effects))
  assert.deepEqual(mei.seqs, [])
  assert.deepEqual(fetches(effects), [{ fetch: "history", conversation: ID, era: 1, after: 8 }])
})

test("coming in again seen by a sync begins anew", () => {
  const mei = new Device()
  mei.told(view(3, 0, { revision: 2, me: { state: "left" } }))
  mei.state.take({ on: "syncing" })
  mei.synced(view(5, 4, { revision: 3 }), [said(4, "lin", { mod: 4 }), said(5)])
  const { first, last, mod } = mei.room.log
  assert.deepEqual([first, last, mod], [4, 5, 4])
  assert.equal(mei.room.isComplete, false)
})

test("a device that heard more than its person may begins anew", () => {
  const mei = new Device()
  mei.hears("message", said(4))
  mei.hears("message", said(5))
  mei.told(view(4, 0, { revision: 2, me: { state: "removed" } }))
  assert.equal(mei.room.log.last, 4)
  assert.deepEqual(mei.seqs, [])
})

test("what waited beyond my time in it never comes", () => {
  const mei = new Device()
  mei.hears("message", said(5, ME)) // beyond a gap
  mei.told(view(4, 0, { revision: 2, me: { state: "left" } }))
  mei.hears("message", said(4))
  assert.equal(mei.room.log.last, 4)
})

test("below my first message there is nothing to fetch", () => {
  const mei = new Device(view(6, 0, { me: { first: 5 } }), [said(5), said(6)])
  assert.equal(mei.room.isComplete, true)
  assert.deepEqual(mei.room.older(), [])
})

test("what is not there for me any more is forgotten", () => {
  const mei = new Device()
  assert.ok(isAfresh(mei.told(view(3, 0, { revision: 2, me: { first: 3 } }))))
  assert.deepEqual(mei.seqs, [3])
  assert.equal(mei.room.isComplete, true)
})

test("a void change is passed over", () => {
  const mei = new Device()
  mei.changed({ mod: 1, type: "void", seq: 2 })
  assert.deepEqual([mei.room.log.mod, mei.room.log.get(2)?.mod], [1, undefined])
})

test("what I deleted is blank at once and stays so", () => {
  const mei = new Device()
  mei.told(view(3, 0, { read: 1, my: { ...NO_PREFS, hidden: [2] } }))
  const blank = () => mei.room.messages.map(({ deleted = false }) => deleted)
  assert.deepEqual(blank(), [false, true, false])
  assert.equal(mei.room.unread, 1)
  mei.changed({ mod: 1, type: "edit", seq: 2, body: { text: "again" } })
  assert.deepEqual([mei.room.log.get(2)?.body, mei.room.log.get(2)?.edits], [{}, 1])
  mei.told(view(3, 1, { read: 1, my: { ...NO_PREFS, cleared: 3 } }))
  assert.deepEqual(blank(), [true, true, true])
  mei.told(view(3, 1, { read: 1 })) // from before that
  assert.equal(mei.room.my.cleared, 3)
})

test("system messages are not unread, and all can be mentioned", () => {
  const mei = new Device()
  mei.hears("message", said(4, "", { kind: "system", body: { type: "joined" } }))
  mei.hears("message", said(5, "lin", { mention_all: true }))
  assert.deepEqual([mei.room.unread, mei.room.mentions], [3, 1])
})

test("unknown senders are asked for once", () => {
  const mei = new Device()
  const asked = { fetch: "names", conversation: ID, users: ["fang"] } as const
  assert.deepEqual(fetches(mei.hears("message", said(4, "fang"))), [asked])
  assert.equal(mei.room.name("fang"), "fang")
  assert.deepEqual(fetches(mei.hears("message", said(5, "fang"))), [])
  const place = { role: "member", staff: false, state: "in", joined_at: 1, muted_until: 0 } as const
  const page = { members: [{ user: "fang", name: "方方", ...place }], more: false }
  mei.state.take({ on: "names", conversation: ID, page })
  assert.equal(mei.room.name("fang"), "方方")
})

test("system messages name the people they are about", () => {
  const mei = new Device()
  const body = { type: "added", by: "lin", users: ["fang"], names: { fang: "方方" } }
  mei.hears("message", said(4, "", { kind: "system", body }))
  assert.deepEqual(fetches(mei.hears("message", said(5, "fang"))), [])
  assert.equal(mei.room.name("fang"), "方方")
})

test("who is out asks for nobody", () => {
  const mei = new Device()
  mei.told(view(4, 0, { revision: 2, me: { state: "left" } }))
  const effects = fetches(mei.hears("message", said(4, "fang")))
  assert.ok(!effects.some((effect) => "users" in effect))
})
