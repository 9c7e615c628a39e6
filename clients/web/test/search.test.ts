// The search of the pages: when it asks, what it passes over, what it marks.

import assert from "node:assert/strict"
import { test } from "node:test"
import type { ChatClient, FoundMessages, Hit } from "@chatserver/client"
import { excerpt } from "../src/shared/search/marks.ts"
import { Searching } from "../src/shared/search/searching.ts"

const hit = (text: string) => ({ text, highlights: [], message: { seq: 1 } }) as unknown as Hit

/** Whether no half of a character stands alone. */
const isWhole = (text: string) => !/\p{Surrogate}/u.test(text)

/** A client that answers searches by hand. */
class Asked {
  readonly queries: string[] = []
  answers: (() => Promise<FoundMessages>)[] = []
  readonly chat = {
    search: {
      messages: (query: string) => {
        this.queries.push(query)
        const page = { hits: [hit(query)], more: null }
        return this.answers.shift()?.() ?? Promise.resolve(page)
      },
      conversations: async () => ({ conversations: [], desk: [] }),
      people: async () => [],
    },
  } as unknown as ChatClient
}

async function settled(searching: Searching): Promise<string[]> {
  while (searching.state.value === "searching") await new Promise((go) => setTimeout(go, 5))
  return searching.found.value.hits.map(({ text }) => text)
}

test("only what stands after the last key is asked", async () => {
  const asked = new Asked()
  const searching = new Searching(asked.chat)
  for (const typed of ["r", "ru", "run "]) searching.type(typed)
  assert.deepEqual(await settled(searching), ["run"])
  assert.deepEqual(asked.queries, ["run"])
})

test("nothing is asked amid a word that is composed", async () => {
  const asked = new Asked()
  const searching = new Searching(asked.chat)
  searching.compose(true)
  searching.type("run fu")
  searching.choose("cards")
  await new Promise((go) => setTimeout(go, 400))
  assert.deepEqual(asked.queries, [])
  searching.type("润肤")
  searching.compose(false)
  assert.deepEqual(await settled(searching), ["润肤"])
})

test("an answer to an older question is passed over", async () => {
  const asked = new Asked()
  const searching = new Searching(asked.chat)
  let late = (_page: FoundMessages) => {}
  asked.answers = [() => new Promise((answer) => (late = answer))]
  searching.type("old")
  while (asked.queries.length === 0) await new Promise((go) => setTimeout(go, 5))
  searching.type("new")
  late({ hits: [hit("old")], more: null })
  assert.deepEqual(await settled(searching), ["new"])
})

test("pages without a hit are passed over, and more comes behind what is there", async () => {
  const asked = new Asked()
  const third = { hits: [hit("c")], more: null }
  const second = { hits: [hit("b")], more: async () => third }
  asked.answers = [async () => ({ hits: [], more: async () => second })]
  const searching = new Searching(asked.chat)
  searching.type("x")
  assert.deepEqual(await settled(searching), ["b"])
  await searching.more()
  assert.deepEqual(await settled(searching), ["b", "c"])
  assert.equal(searching.found.value.more, null)
})

test("too fast is asked again by itself, signs alone find nothing, all else is a failure", async () => {
  const refused = (code: string) => async () => {
    throw Object.assign(new Error(code), { code, retryAfterMs: 1 })
  }
  const asked = new Asked()
  const searching = new Searching(asked.chat)
  asked.answers = [refused("rate_limited")]
  searching.type("fast")
  assert.deepEqual(await settled(searching), ["fast"])
  asked.answers = [refused("invalid")]
  searching.type("!!")
  assert.deepEqual(await settled(searching), [])
  assert.equal(searching.state.value, "found")
  asked.answers = [refused("unavailable")]
  searching.type("broken")
  await settled(searching)
  assert.equal(searching.state.value, "failed")
  searching.clear()
  assert.equal(searching.state.value, "idle")
})

test("the first match is in sight, and no character is cut in two", () => {
  const marked = (text: string, ...places: [number, number][]) =>
    excerpt(text, places).map(({ text: piece, isHit }) => (isHit ? `[${piece}]` : piece))
  assert.deepEqual(marked("a润肤霜b", [1, 4]), ["a", "[润肤霜]", "b"])
  const far = `${"😀".repeat(40)}x`
  const [dots, before = "", found] = marked(far, [80, 81])
  assert.deepEqual([dots, found], ["…", "[x]"])
  assert.ok(isWhole(before) && before.length <= 25)
  assert.ok(marked(`x${"😀".repeat(200)}`, [0, 1]).every(isWhole))
})
