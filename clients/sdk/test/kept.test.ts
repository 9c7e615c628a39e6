// What a page finds of the one before it.

import "fake-indexeddb/auto"
import assert from "node:assert/strict"
import test from "node:test"
import { type HistoryStore, indexedDbHistory, Keeper, type Kept } from "../src/kept.ts"
import { NO_PREFS } from "../src/log.ts"
import type { ConversationView, Me, Room } from "../src/protocol.ts"
import { State } from "../src/state.ts"
import { FakeServer } from "./fake-server.ts"
import { clientOf, eventually, joined, texts } from "./helpers.ts"

/** Waits until something fits is kept. */
async function keptOnce(store: HistoryStore, fits: (kept: Kept) => boolean): Promise<void> {
  let found = false
  await eventually(() => {
    void store.load().then((kept) => {
      found ||= kept !== null && fits(kept)
    })
    return found
  })
}

const holds = (seq: number) => (kept: Kept) => kept.conversations[0]?.data.log.last === seq

test("a page shows what the one before it held, also without a connection", async (t) => {
  const server = new FakeServer()
  const history = indexedDbHistory("offline")
  const before = await joined(t, server, "mei", { history })
  const id = await before.open("lin")
  await before.send(id, "one").stored
  await before.send(id, "two").stored
  before.setForeground(false)
  await keptOnce(history, holds(2))
  before.close()
  server.isDown = true
  const after = clientOf(t, server, "mei", { history }).start()
  await eventually(() => texts(after, id).join() === "one,two")
  assert.equal(after.me?.user, "mei")
  assert.equal(after.thread(id)?.messages[0]?.mine, true)
})

test("once connected it asks for what is new alone, and ends where the server is", async (t) => {
  const server = new FakeServer()
  const history = indexedDbHistory("again")
  const before = await joined(t, server, "mei", { history })
  const id = await before.open("lin")
  await before.send(id, "one").stored
  before.setForeground(false)
  await keptOnce(history, holds(1))
  before.close()
  const lin = await joined(t, server, "lin")
  await lin.edit(id, 1, "one, edited").catch(() => {})
  await lin.send(id, "two").stored
  const after = await joined(t, server, "mei", { history })
  await eventually(() => texts(after, id).at(-1) === "two")
  const synced = server.calls.filter(({ name }) => name === "sync").at(-1)?.fields as unknown
  assert.deepEqual((synced as { have: object }).have, { [id]: [1, 0] })
  assert.equal(after.badge.unread, 1)
})

test("what was released, or only looked at, is not kept", async () => {
  const history = indexedDbHistory("released")
  const state = new State()
  const keeper = new Keeper(history, () => state)
  const save = (place: Me["state"]) => {
    state.take({ on: "view", view: serviceView(place) })
    keeper.note("s1")
    keeper.save()
  }
  const me = { user: "lin", name: "Lin", role: "consultant" } as const
  state.take({ on: "ready", ready: { me, device: "d", time: 0, limits: {}, protocol: 1 } })
  save("viewing")
  assert.equal((await history.load())?.conversations.length, 0)
  save("in")
  assert.equal((await history.load())?.conversations.length, 1)
  save("released")
  assert.equal((await history.load())?.conversations.length, 0)
})

function serviceView(place: Me["state"]): ConversationView {
  const room = { title: "Shop", revision: 1, service: null } as Room
  return {
    ...{ id: "s1", kind: "service", created_at: 1, members: [], room, my: NO_PREFS, last: null },
    ...{ me: { role: "admin", state: place, muted_until: 0, first: 1 }, head: { seq: 1, mod: 0 } },
    ...{ read: 0, unread: 0, mentions: 0 },
  }
}

test("who is logged out leaves nothing behind", async (t) => {
  const server = new FakeServer()
  const history = indexedDbHistory("gone")
  const mei = await joined(t, server, "mei", { history })
  await mei.send(await mei.open("lin"), "one").stored
  mei.setForeground(false)
  await keptOnce(history, holds(1))
  server.tell(["mei"], "notice", { type: "kicked", reason: "logged out" })
  let left: Kept | null = { person: null, conversations: [] } as never
  await eventually(() => {
    void history.load().then((kept) => {
      left = kept
    })
    return left === null
  })
})

test("somebody else on the same device finds nothing of who was there before", async (t) => {
  const server = new FakeServer()
  const history = indexedDbHistory("shared")
  const mei = await joined(t, server, "mei", { history })
  const id = await mei.open("lin")
  await mei.send(id, "one").stored
  mei.setForeground(false)
  await keptOnce(history, holds(1))
  mei.close()
  const fang = await joined(t, server, "fang", { history })
  assert.deepEqual(fang.conversations, [])
  const other = await fang.open("lin")
  await fang.send(other, "two").stored
  fang.setForeground(false)
  await keptOnce(history, ({ person, conversations }) => {
    return person.me.user === "fang" && conversations.every((kept) => kept.id === other)
  })
})

test("reaching a message loads all that is between", async (t) => {
  const server = new FakeServer()
  const lin = await joined(t, server, "lin")
  const id = await lin.open("mei")
  for (let n = 1; n <= 20; n++) await lin.send(id, `${n}`).stored
  const mei = await joined(t, server, "mei")
  assert.ok((mei.conversation(id)?.log.first ?? 0) > 2)
  assert.equal(await mei.reach(id, 2), true)
  assert.equal(mei.conversation(id)?.log.get(2)?.body.text, "2")
  assert.equal(await mei.reach(id, 21), false)
})
