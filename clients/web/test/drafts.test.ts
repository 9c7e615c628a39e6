import assert from "node:assert/strict"
import { test } from "node:test"
import { type DraftStorage, Drafts } from "../src/shared/drafts.ts"

/** Keeps as `localStorage` does. */
function storage(): DraftStorage & { kept: Map<string, string> } {
  const kept = new Map<string, string>()
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  }
}

test("a draft is there again after a reload, for the person who wrote it alone", () => {
  const kept = storage()
  const mentions = [{ user: "lin", name: "林顾问" }]
  new Drafts(kept, "mei").change("c1", { text: "@林顾问 您好", mentions, replyTo: 3 })
  assert.deepEqual(new Drafts(kept, "mei").of("c1").value, {
    text: "@林顾问 您好",
    mentions,
    replyTo: 3,
    editing: null,
  })
  assert.equal(new Drafts(kept, "fang").of("c1").value.text, "")
})

test("an edit is not kept, and what was begun before it is", () => {
  const kept = storage()
  const drafts = new Drafts(kept, "mei")
  drafts.change("c1", { text: "begun" })
  drafts.change("c1", { text: "the old message", editing: 7 })
  assert.equal(new Drafts(kept, "mei").of("c1").value.text, "begun")
  drafts.dropSubject("c1")
  assert.equal(drafts.of("c1").value.text, "begun")
})

test("who no longer answers keeps what was written", () => {
  const drafts = new Drafts(storage(), "mei")
  drafts.change("c1", { text: "begun", replyTo: 3 })
  drafts.dropSubject("c1")
  assert.deepEqual([drafts.of("c1").value.text, drafts.of("c1").value.replyTo], ["begun", null])
})

test("what is sent leaves nothing behind", () => {
  const kept = storage()
  const drafts = new Drafts(kept, "mei")
  drafts.change("c1", { text: "begun" })
  drafts.clear("c1")
  assert.equal(kept.kept.size, 0)
  assert.equal(drafts.of("c1").value.text, "")
})

test("what another version kept and nobody can read is no draft", () => {
  const kept = storage()
  kept.setItem("chatserver-draft-mei-c1", "{")
  assert.equal(new Drafts(kept, "mei").of("c1").value.text, "")
})
