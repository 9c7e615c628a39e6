// Unsent messages outlive the page.

import "fake-indexeddb/auto"
import assert from "node:assert/strict"
import test from "node:test"
import { type Draft, Outbox } from "../src/outbox.ts"
import { indexedDbStore } from "../src/store.ts"
import { FakeServer } from "./fake-server.ts"
import { clientOf, eventually, joined, texts } from "./helpers.ts"

test("after a reload unsent messages are sent once, in order, with their ids", async (t) => {
  const server = new FakeServer()
  const mei = await joined(t, server, "mei")
  const id = await mei.open("lin")
  server.losing = 1 // the first is stored, and nobody knows
  const ids = ["one", "two", "three"].map((text) => mei.send(id, text).clientId)
  await eventually(() => server.direct("mei", "lin").messages.length === 1)
  await eventually(() => mei.phase.phase !== "connected")
  mei.close()
  const again = await joined(t, server, "mei")
  const doubled: string[][] = []
  again.subscribe(
    () => again.thread(id)?.messages.map(({ key }) => key) ?? [],
    (keys) => new Set(keys).size < keys.length && doubled.push(keys),
  )
  await again.drained()
  await eventually(() => texts(again, id).join() === "one,two,three")
  assert.deepEqual(doubled, [])
  const stored = server.direct("mei", "lin").messages.map((message) => message.client_id)
  assert.deepEqual(stored, ids)
  again.close()
  const last = await joined(t, server, "mei")
  assert.equal(last.unsent, 0)
  const tries = server.calls.filter(({ name }) => name === "message.send")
  assert.equal(tries.length, 4)
})

test("a refused message is still there after a reload, and why", async (t) => {
  const server = new FakeServer()
  const mei = await joined(t, server, "mei")
  const id = await mei.open("lin")
  server.refusals.set("message.send", [{ code: "forbidden", message: "No." }])
  await assert.rejects(mei.send(id, "hello").stored)
  mei.close()
  const again = await joined(t, server, "mei")
  await eventually(() => again.pending(id).length === 1)
  const [failed] = again.thread(id)?.messages ?? []
  assert.deepEqual([failed?.tick, failed?.error?.code], ["failed", "forbidden"])
  again.discard(failed?.key ?? "")
  again.close()
  const last = await joined(t, server, "mei")
  assert.deepEqual(last.pending(id), [])
})

test("messages of one person are not sent by another on the same device", async (t) => {
  const server = new FakeServer()
  server.direct("mei", "lin")
  const mei = await joined(t, server, "mei")
  server.isDown = true
  server.cut()
  mei.send("lin-mei", "from mei")
  await new Promise((resolve) => setTimeout(resolve, 5))
  mei.close()
  server.isDown = false
  const device = { id: `mei-${t.name}`, platform: "web" } as const
  const yu = await joined(t, server, "yu", { device })
  yu.send(await yu.open("lin"), "from yu")
  await eventually(() => server.direct("yu", "lin").messages.length === 1)
  assert.equal(server.direct("mei", "lin").messages.length, 0)
})

test("a store that fails keeps nobody from sending", async (t) => {
  const server = new FakeServer()
  const fail = () => Promise.reject(new Error("no room left"))
  const store = { load: fail, put: fail, remove: fail }
  const mei = await joined(t, server, "mei", { outbox: store })
  assert.equal((await mei.send(await mei.open("lin"), "hello").stored).seq, 1)
})

test("what is written before the first connection is sent after it", async (t) => {
  const server = new FakeServer()
  const talk = server.direct("mei", "lin")
  const mei = clientOf(t, server, "mei")
  const { stored } = mei.send(talk.id, "early")
  mei.start()
  assert.equal((await stored).seq, 1)
})

test("the store gives what was put, until it is removed", async () => {
  const store = indexedDbStore("a store of its own")
  const draft: Draft = {
    ...{ conversation: "c", client_id: "1", body: { text: "hi" }, user: "mei", at: 1, order: 1 },
    kind: "text",
  }
  await store.put({ draft, state: "sending", tried: false })
  await store.put({ draft, state: "sending", tried: true })
  assert.deepEqual(await store.load(), [{ draft, state: "sending", tried: true }])
  await store.remove("1")
  assert.deepEqual(await store.load(), [])
})

test("one message of each conversation is due, the first of its writer", () => {
  const outbox = new Outbox()
  const add = (client_id: string, conversation: string, order: number, user = "mei") => {
    const draft = { client_id, conversation, order, user, kind: "text", body: {}, at: 1 } as const
    outbox.add({ draft, state: "sending", tried: false })
  }
  add("b", "one", 2)
  add("a", "one", 1)
  add("c", "two", 3)
  add("d", "three", 4, "somebody else")
  assert.deepEqual(
    outbox.heads("mei").map(({ draft }) => draft.client_id),
    ["a", "c"],
  )
})
