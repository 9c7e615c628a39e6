// One client of one person.

import assert from "node:assert/strict"
import test from "node:test"
import { ChatRefused, ChatStopped, ChatTimeout } from "../src/errors.ts"
import { FakeServer } from "./fake-server.ts"
import { clientOf, eventually, joined, texts } from "./helpers.ts"

test("a message goes from sending over sent to read", async (t) => {
  const server = new FakeServer()
  const mei = await joined(t, server, "mei")
  const id = await mei.open("lin")
  const { stored } = mei.send(id, "hello", { mentions: ["lin"] })
  const [sending] = mei.thread(id)?.messages ?? []
  assert.deepEqual([sending?.text, sending?.tick, sending?.seq], ["hello", "sending", null])
  assert.deepEqual(await stored, { ok: true, seq: 1, at: 1 })
  const sent = mei.thread(id)?.messages
  assert.deepEqual([sent?.length, sent?.[0]?.tick, sent?.[0]?.seq], [1, "sent", 1])
  assert.equal(sent?.[0]?.key, sending?.key)
  const lin = await joined(t, server, "lin")
  assert.equal(lin.badge.unread, 1)
  lin.read(id)
  await eventually(() => mei.thread(id)?.messages[0]?.tick === "read")
  await eventually(() => lin.badge.unread === 0)
})

test("a lost acknowledgement makes no second message, and the order is kept", async (t) => {
  const server = new FakeServer()
  const mei = await joined(t, server, "mei")
  const id = await mei.open("lin")
  server.losing = 2
  const sent = ["one", "two", "three"].map((text) => mei.send(id, text))
  const numbers = sent.map(async ({ stored }) => (await stored).seq)
  mei.on("connection", ({ phase }) => phase === "waiting" && mei.reconnectNow())
  assert.deepEqual(await Promise.all(numbers), [1, 2, 3])
  await eventually(() => texts(mei, id).join() === "one,two,three")
  assert.equal(server.direct("mei", "lin").messages.length, 3)
  const tries = server.calls.filter(({ name }) => name === "message.send")
  assert.deepEqual(
    tries.map(({ fields }) => "retry" in fields),
    [false, true, true, false, false],
  )
  assert.equal(mei.unsent, 0)
})

test("what is refused for good fails, can be tried again or given up", async (t) => {
  const server = new FakeServer()
  const mei = await joined(t, server, "mei")
  const id = await mei.open("lin")
  const refusal = { code: "forbidden", message: "You may not do this." }
  server.refusals.set("message.send", [refusal, refusal])
  const first = mei.send(id, "first")
  const second = mei.send(id, "second")
  const isRefusal = (error: unknown) => error instanceof ChatRefused && error.code === "forbidden"
  await assert.rejects(first.stored, isRefusal)
  await assert.rejects(second.stored, isRefusal)
  const [failed] = mei.thread(id)?.messages ?? []
  assert.deepEqual([failed?.tick, failed?.error], ["failed", refusal])
  mei.discard(second.clientId)
  assert.equal((await mei.retry(first.clientId).stored).seq, 1)
  assert.deepEqual(texts(mei, id), ["first"])
})

test("a refusal that passes is waited for", async (t) => {
  const server = new FakeServer()
  const mei = await joined(t, server, "mei")
  const id = await mei.open("lin")
  const busy = { code: "busy", message: "Later.", retry_after_ms: 1 }
  server.refusals.set("message.send", [busy])
  assert.equal((await mei.send(id, "hello").stored).seq, 1)
})

test("a sync that was sent away is made when the server calls", async (t) => {
  const server = new FakeServer()
  const busy = { code: "busy", message: "Later.", retry_after_ms: 600_000 }
  server.refusals.set("sync", [busy, busy])
  const mei = clientOf(t, server, "mei").start()
  for (const times of [1, 2]) {
    await eventually(() => server.calls.filter(({ name }) => name === "sync").length === times)
    server.tell(["mei"], "notice", { type: "resync" }) // may even overtake the refusal
  }
  await mei.ready()
  assert.equal(server.calls.filter(({ name }) => name === "sync").length, 3)
})

test("a call made before there is a connection waits for it", async (t) => {
  const server = new FakeServer()
  const mei = clientOf(t, server, "mei").start()
  assert.equal(await mei.open("lin"), "lin-mei")
})

test("a call says what was refused, and where", async (t) => {
  const server = new FakeServer()
  const mei = await joined(t, server, "mei")
  const id = await mei.open("lin")
  server.refusals.set("message.edit", [
    { code: "invalid", message: "No text.", path: "body.text" } as never,
  ])
  await assert.rejects(mei.edit(id, 1, ""), { code: "invalid", path: "body.text" })
})

test("an edit of mine is seen on the device that made it", async (t) => {
  const server = new FakeServer()
  const mei = await joined(t, server, "mei")
  const id = await mei.open("lin")
  const { seq } = await mei.send(id, "helo").stored
  await mei.edit(id, seq, "hello")
  await eventually(() => texts(mei, id).join() === "hello")
})

test("older messages come by pages, and the conversation says when it is complete", async (t) => {
  const server = new FakeServer()
  const talk = server.direct("mei", "lin")
  for (let n = 0; n < 10; n++) server.append(talk, "lin")
  const mei = await joined(t, server, "mei")
  assert.equal(texts(mei, talk.id).length, server.page)
  while (mei.loadOlder(talk.id)) {
    const before = texts(mei, talk.id).length
    await eventually(() => texts(mei, talk.id).length > before)
  }
  assert.equal(mei.thread(talk.id)?.isComplete, true)
  assert.equal(texts(mei, talk.id).length, 10)
})

test("a person that is not accepted is not tried again", async (t) => {
  const server = new FakeServer()
  server.closedFor = { code: "unauthorized", message: "The token is wrong." }
  const mei = clientOf(t, server, "mei").start()
  await assert.rejects(mei.ready(), (error) => {
    return error instanceof ChatStopped && error.code === "unauthorized"
  })
  assert.equal(mei.phase.phase, "stopped")
})

test("a server that is not there is a time-out, and it is found once it is there", async (t) => {
  const server = new FakeServer()
  server.isDown = true
  const mei = clientOf(t, server, "mei").start()
  await assert.rejects(mei.ready(20), ChatTimeout)
  server.isDown = false
  mei.reconnectNow()
  mei.on("connection", ({ phase }) => phase === "waiting" && mei.reconnectNow())
  await mei.ready()
})

test("an expired token is asked for anew at once, and renewed before it expires", async (t) => {
  const server = new FakeServer()
  let asked = 0
  const token = async () => {
    asked += 1
    if (asked === 2) server.closedFor = null
    return "mei"
  }
  server.closedFor = { code: "token_expired", message: "The token has expired." }
  await joined(t, server, "mei", { token })
  assert.equal(asked, 2)
  server.tell(["mei"], "notice", { type: "expiring", expires_in_ms: 1000 })
  await eventually(() => server.calls.some(({ name }) => name === "auth.renew"))
  assert.equal(asked, 3)
})

test("who is kicked, or replaced by another connection of the device, stays away", async (t) => {
  const server = new FakeServer()
  const mei = await joined(t, server, "mei")
  server.tell(["mei"], "notice", { type: "kicked", reason: "logged out" })
  await eventually(() => mei.phase.phase === "stopped")
  assert.deepEqual([mei.phase.code, mei.phase.message], ["kicked", "logged out"])
  const lin = await joined(t, server, "lin")
  const again = await joined(t, server, "lin")
  await eventually(() => lin.phase.phase === "stopped")
  assert.equal(again.phase.phase, "connected")
})

test("a draining server is left when it ends, and come back to after its time", async (t) => {
  const server = new FakeServer()
  const mei = await joined(t, server, "mei")
  const waits: (number | undefined)[] = []
  mei.on("connection", ({ phase, retryInMs }) => phase === "waiting" && waits.push(retryInMs))
  server.tell(["mei"], "notice", { type: "draining", reconnect_in_ms: 100 })
  assert.equal(mei.phase.phase, "connected")
  server.cut()
  await eventually(() => waits.length === 1)
  assert.ok((waits[0] ?? 0) <= 100)
  await mei.ready()
})

test("a thread is the same object until something in it moves", async (t) => {
  const server = new FakeServer()
  const talk = server.direct("mei", "lin")
  const other = server.direct("mei", "yu")
  const mei = await joined(t, server, "mei")
  const drawn: number[] = []
  const stop = mei.subscribe(
    () => mei.thread(talk.id),
    (thread) => drawn.push(thread?.messages.length ?? 0),
  )
  server.append(other, "yu")
  await eventually(() => mei.badge.unread === 1)
  assert.deepEqual(drawn, [0])
  server.append(talk, "lin")
  await eventually(() => drawn.length > 1)
  assert.deepEqual(drawn, [0, 1])
  assert.deepEqual(mei.conversations.length, 2)
  stop()
  server.append(talk, "lin")
  await eventually(() => mei.badge.unread === 3)
  assert.deepEqual(drawn, [0, 1])
})

test("somebody who types is seen typing until they say something", async (t) => {
  const server = new FakeServer()
  const talk = server.direct("mei", "lin")
  const mei = await joined(t, server, "mei")
  server.tell(["mei"], "typing", { conversation: talk.id, user: "lin", on: true })
  await eventually(() => mei.thread(talk.id)?.typing.includes("lin"))
  server.append(talk, "lin")
  await eventually(() => mei.thread(talk.id)?.typing.length === 0)
})

test("watched people are watched again after coming back", async (t) => {
  const server = new FakeServer()
  const mei = await joined(t, server, "mei")
  await mei.watch(["lin"])
  assert.equal(mei.presence("lin")?.state, "online")
  mei.on("connection", ({ phase }) => phase === "waiting" && mei.reconnectNow())
  server.cut()
  const watches = () => server.calls.filter(({ name }) => name === "presence.watch").length
  await eventually(() => watches() === 2)
})

test("a client that is closed says so to who waits for a message", async (t) => {
  const server = new FakeServer()
  const mei = await joined(t, server, "mei")
  const id = await mei.open("lin")
  server.cut()
  const { stored } = mei.send(id, "hello")
  mei.close()
  await assert.rejects(stored, ChatStopped)
  await assert.rejects(mei.open("yu"), ChatTimeout)
})
