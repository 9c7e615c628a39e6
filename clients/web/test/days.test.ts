import assert from "node:assert/strict"
import { test } from "node:test"
import type { Shown } from "@chatserver/client"
import { rows } from "../src/shared/days.ts"

const NOON = new Date(2026, 7, 31, 12).getTime()
const MINUTE = 60_000

function said(seq: number, sender: string, at: number): Shown {
  const message = { seq, sender, kind: "text" } as Shown["message"]
  const mine = sender === "me"
  return { key: `#${seq}`, seq, sender, at, mine, message } as Shown
}

test("each day has a line of its own", () => {
  const made = rows([said(1, "lin", NOON), said(2, "lin", NOON + 24 * 60 * MINUTE)], null)
  assert.deepEqual(
    made.map(({ row }) => row),
    ["day", "message", "day", "message"],
  )
})

test("messages of one person close together are one run", () => {
  const times = [0, 1, 2, 30]
  const made = rows(
    times.map((minutes, at) => said(at + 1, "lin", NOON + minutes * MINUTE)),
    null,
  )
  const runs = made.flatMap((row) => (row.row === "message" ? [[row.opens, row.closes]] : []))
  assert.deepEqual(runs, [
    [true, false],
    [false, false],
    [false, true],
    [true, true],
  ])
})

test("the divider stands before the first message of others that was not read", () => {
  const messages = [said(1, "lin", NOON), said(2, "me", NOON), said(3, "lin", NOON)]
  const keys = rows(messages, 1).map(({ key }) => key)
  assert.deepEqual(keys.slice(1), ["#1", "#2", "unread", "#3"])
  assert.ok(!rows(messages, null).some(({ row }) => row === "unread"))
})
