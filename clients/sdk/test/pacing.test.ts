// Not telling the server too often.

import assert from "node:assert/strict"
import test from "node:test"
import { Backoff, ReadMarks, TypingNotes } from "../src/pacing.ts"

test("waits double up to a top and are spread over their upper half", () => {
  const backoff = new Backoff(1000, 30_000)
  for (const longest of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    const wait = backoff.next()
    assert.ok(longest / 2 <= wait && wait <= longest, `${wait} of ${longest}`)
  }
  backoff.reset()
  assert.ok(backoff.next() <= 1000)
})

test("at most three read marks a second are told, each the latest, none goes back", () => {
  const marks = new ReadMarks()
  for (const [conversation, seq] of [
    ["a", 1],
    ["a", 5],
    ["a", 3],
    ["b", 1],
    ["c", 1],
    ["d", 1],
  ]) {
    marks.want(conversation as string, seq as number)
  }
  assert.deepEqual(marks.due(0), [
    ["a", 5],
    ["b", 1],
    ["c", 1],
  ])
  marks.want("a", 4)
  assert.deepEqual(marks.due(999), [])
  assert.equal(marks.wakeAt(), 1000)
  assert.deepEqual(marks.due(1000), [["d", 1]])
  marks.again("a", 5)
  assert.deepEqual(marks.due(1000), [["a", 5]])
})

test("typing is renewed every two seconds at most, and its end is told", () => {
  const notes = new TypingNotes()
  assert.equal(notes.note("a", true, 0), true)
  assert.equal(notes.note("a", true, 1999), false)
  assert.equal(notes.note("a", true, 2000), true)
  assert.equal(notes.note("a", false, 2100), false)
  assert.equal(notes.wakeAt(), 4000)
  assert.deepEqual(notes.due(3999), [])
  assert.deepEqual(notes.due(4000), ["a"])
  assert.equal(notes.note("a", true, 6000), true)
  notes.sent("a")
  assert.equal(notes.note("a", false, 9000), false)
})
