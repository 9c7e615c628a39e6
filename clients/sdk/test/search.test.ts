// Searching and cards: what is asked, and what comes back.

import assert from "node:assert/strict"
import test from "node:test"
import type { Hit } from "../src/protocol.ts"
import { FakeServer } from "./fake-server.ts"
import { eventually, joined } from "./helpers.ts"

const hit = (seq: number) => ({ message: { seq }, text: "", highlights: [] }) as unknown as Hit

/** A server whose searches have two pages. */
class Searched extends FakeServer {
  override answer(user: string, name: string, fields: never, link?: object): object {
    if (!name.startsWith("search.")) return super.answer(user, name, fields, link)
    this.calls.push({ user, name, fields })
    if (name === "search.people") return { ok: true, people: [{ user: "lin", name: "Lin" }] }
    if (name === "search.conversations") return { ok: true, conversations: [], desk: [] }
    const isLast = (fields as { cursor?: string }).cursor === "older"
    return isLast
      ? { ok: true, hits: [hit(1)], cursor: null }
      : { ok: true, hits: [hit(9), hit(5)], cursor: "older" }
  }
}

test("pages of a search follow each other with the same question", async (t) => {
  const server = new Searched()
  const mei = await joined(t, server, "mei")
  const first = await mei.search.messages("cream", { kinds: ["text"], conversation: "c" })
  const second = await first.more?.()
  const seqs = [first, second].map((page) => page?.hits.map(({ message }) => message.seq))
  assert.deepEqual(seqs, [[9, 5], [1]])
  assert.equal(second?.more, null)
  const asked = server.calls.filter(({ name }) => name === "search.messages")
  const question = { query: "cream", kinds: ["text"], conversation: "c" }
  assert.deepEqual(
    asked.map(({ fields }) => fields),
    [question, { ...question, cursor: "older" }],
  )
})

test("people and conversations are found by name", async (t) => {
  const mei = await joined(t, new Searched(), "mei")
  assert.deepEqual(await mei.search.people("li"), [{ user: "lin", name: "Lin" }])
  assert.deepEqual(await mei.search.conversations("li"), { conversations: [], desk: [] })
})

test("a card goes out like any message, and stays a card while it is on its way", async (t) => {
  const server = new FakeServer()
  const lin = await joined(t, server, "lin")
  const id = await lin.open("mei")
  const card = { type: "product", id: "p1", title: "Cream" } as const
  const sending = lin.sendCard(id, card, { replyTo: 3 })
  assert.deepEqual(lin.thread(id)?.messages[0]?.draft?.body, card)
  await sending.stored
  const sent: object = server.calls.find(({ name }) => name === "message.send")?.fields ?? {}
  const { kind, body, reply_to } = sent as Record<string, unknown>
  assert.deepEqual([kind, body, reply_to], ["card", card, 3])
})

test("what a tap on a card says comes into the conversation", async (t) => {
  const server = new FakeServer()
  const mei = await joined(t, server, "mei")
  const id = await mei.open("lin")
  const conversation = server.direct("mei", "lin")
  server.append(conversation, "lin", { kind: "card", body: { type: "product" } })
  await eventually(() => mei.thread(id)?.messages.length === 1)
  await mei.act(id, 1, "wish")
  await mei.rate(id, 1, 4, "good")
  await eventually(() => mei.thread(id)?.messages.length === 3)
  const acts = server.calls.filter(({ name }) => name === "card.act")
  const asked = acts.map(({ fields }) => {
    const { seq, button, rating, text } = fields as Record<string, unknown>
    return { seq, button, rating, text }
  })
  assert.deepEqual(asked, [
    { seq: 1, button: "wish", rating: undefined, text: undefined },
    { seq: 1, button: "rating", rating: 4, text: "good" },
  ])
})
