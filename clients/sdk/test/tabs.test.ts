// Several tabs of one device, with the locks and channels that browsers have too.

import "fake-indexeddb/auto"
import assert from "node:assert/strict"
import test, { type TestContext } from "node:test"
import type { ChatOptions } from "../src/client.ts"
import { FakeServer } from "./fake-server.ts"
import { clientOf, eventually, joined, texts } from "./helpers.ts"

function tab(t: TestContext, server: FakeServer, options: Partial<ChatOptions> = {}) {
  return joined(t, server, "mei", { shareTabs: true, ...options })
}

function sends(server: FakeServer): number {
  return server.calls.filter(({ name }) => name === "message.send").length
}

test("tabs share one connection, and see the same", async (t) => {
  const server = new FakeServer()
  const talk = server.direct("mei", "lin")
  server.append(talk, "lin")
  const tabs = [await tab(t, server), await tab(t, server), await tab(t, server)]
  assert.equal(server.links.size, 1)
  server.append(talk, "lin", { body: { text: "hello" } })
  for (const one of tabs) {
    await eventually(() => texts(one, talk.id).at(-1) === "hello")
    assert.equal(one.badge.unread, 2)
    assert.equal(one.me?.user, "mei")
  }
})

test("a tab that is denied locks is alone, and works", async (t) => {
  const denied = async () => {
    throw new DOMException("The request was denied.", "SecurityError")
  }
  t.mock.method(navigator.locks, "request", denied)
  const server = new FakeServer()
  const one = await tab(t, server)
  const id = await one.open("lin")
  assert.equal((await one.send(id, "hello").stored).seq, 1)
})

test("what one tab sends is stored once and shown in all", async (t) => {
  const server = new FakeServer()
  const leader = await tab(t, server)
  const follower = await tab(t, server)
  const id = await follower.open("lin")
  const { stored, clientId } = follower.send(id, "from the second tab")
  assert.equal(follower.thread(id)?.messages[0]?.tick, "sending")
  assert.equal((await stored).seq, 1)
  await eventually(() => texts(leader, id).join() === "from the second tab")
  assert.equal(follower.thread(id)?.messages[0]?.key, clientId)
  assert.equal(sends(server), 1)
})

test("a refusal reaches the tab that asked", async (t) => {
  const server = new FakeServer()
  await tab(t, server)
  const follower = await tab(t, server)
  const id = await follower.open("lin")
  server.refusals.set("message.edit", [{ code: "forbidden", message: "No." }])
  await assert.rejects(follower.edit(id, 1, "x"), { code: "forbidden", name: "ChatRefused" })
})

test("what is asked of the first tab before it leads is done once it does", async (t) => {
  const server = new FakeServer()
  const chat = clientOf(t, server, "mei", { shareTabs: true }).start()
  chat.setForeground(false)
  await eventually(() => server.calls.some(({ name }) => name === "device.update"))
})

test("when the leading tab goes another one leads, and sends what is left, once", async (t) => {
  const server = new FakeServer()
  const leader = await tab(t, server)
  const id = await leader.open("lin")
  const follower = await tab(t, server)
  await eventually(() => follower.thread(id))
  server.losing = 1 // stored, and nobody knows
  const { stored } = follower.send(id, "one")
  await eventually(() => sends(server) === 1)
  leader.close()
  const late = follower.send(id, "two")
  assert.deepEqual([(await stored).seq, (await late.stored).seq], [1, 2])
  await eventually(() => texts(follower, id).join() === "one,two")
  assert.equal(server.direct("mei", "lin").messages.length, 2)
  assert.equal(server.links.size, 1)
  assert.equal(follower.phase.phase, "connected")
})

test("a failed message can be tried again from any tab", async (t) => {
  const server = new FakeServer()
  const leader = await tab(t, server)
  const id = await leader.open("lin")
  const follower = await tab(t, server)
  server.refusals.set("message.send", [{ code: "forbidden", message: "No." }])
  const { clientId, stored } = leader.send(id, "hello")
  await assert.rejects(stored)
  await eventually(() => follower.thread(id)?.messages[0]?.tick === "failed")
  assert.equal((await follower.retry(clientId).stored).seq, 1)
  await eventually(() => texts(leader, id).length === 1 && leader.pending(id).length === 0)
})

test("a message given up stays given up when another tab leads", async (t) => {
  const server = new FakeServer()
  const leader = await tab(t, server)
  const id = await leader.open("lin")
  const follower = await tab(t, server)
  server.refusals.set("message.send", [{ code: "forbidden", message: "No." }])
  const { clientId, stored } = follower.send(id, "hello")
  await assert.rejects(stored)
  follower.discard(clientId)
  await eventually(() => leader.pending(id).length === 0)
  leader.close()
  await follower.edit(id, 1, "").catch(() => {}) // whoever leads now
  await eventually(() => follower.phase.phase === "connected" && server.links.size === 1)
  await follower.send(id, "another").stored
  assert.deepEqual(texts(follower, id), ["another"])
})

test("reading and scrolling in one tab moves all", async (t) => {
  const server = new FakeServer()
  const talk = server.direct("mei", "lin")
  for (let n = 0; n < 6; n++) server.append(talk, "lin")
  const leader = await tab(t, server)
  const follower = await tab(t, server)
  assert.equal(follower.loadOlder(talk.id), true)
  for (const one of [leader, follower]) await eventually(() => texts(one, talk.id).length === 6)
  follower.read(talk.id)
  for (const one of [leader, follower]) await eventually(() => one.badge.unread === 0)
  await follower.watch(["lin"])
  await eventually(() => leader.presence("lin")?.state === "online")
})

test("a device is away when none of its tabs is in front", async (t) => {
  const server = new FakeServer()
  const told = () => {
    const updates = server.calls.filter(({ name }) => name === "device.update")
    return updates.map(({ fields }) => (fields as { foreground?: boolean }).foreground)
  }
  const leader = await tab(t, server)
  const follower = await tab(t, server)
  leader.setForeground(true)
  follower.setForeground(false)
  leader.setForeground(false)
  await eventually(() => told().join() === "false")
  server.cut()
  leader.reconnectNow()
  await eventually(() => told().join() === "false,false")
  follower.setForeground(true)
  await eventually(() => told().join() === "false,false,true")
  follower.close()
  await eventually(() => told().join() === "false,false,true,false")
})

test("a leading tab that is frozen loses the lead, and follows when it wakes up", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] })
  const clock = setInterval(() => t.mock.timers.tick(50), 5) // time goes faster here
  t.after(() => clearInterval(clock))
  const server = new FakeServer()
  const frozen = await tab(t, server)
  const id = await frozen.open("lin")
  const follower = await tab(t, server)
  const { shared } = frozen as unknown as { shared: { onNote: (note: unknown) => void } }
  const hear = shared.onNote
  shared.onNote = () => {}
  assert.equal((await follower.send(id, "one").stored).seq, 1)
  shared.onNote = hear
  await eventually(() => frozen.phase.phase === "connected" && texts(frozen, id).join() === "one")
  assert.equal((await frozen.send(id, "two").stored).seq, 2)
  await eventually(() => texts(follower, id).join() === "one,two")
  assert.equal(server.links.size, 1)
})
