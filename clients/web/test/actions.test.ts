import assert from "node:assert/strict"
import { test } from "node:test"
import type { Me, Room, Shown, Thread } from "@chatserver/client"
import {
  type MessageAction,
  mayMentionAll,
  mayWrite,
  messageActions,
} from "../src/shared/actions.ts"

const NOW = 1_790_000_000_000
const MINUTE = 60_000
const LIMITS = { edit_window_ms: 10 * MINUTE, recall_window_ms: 2 * MINUTE }

const place = (changed: Partial<Me> = {}): Me => {
  return { role: "member", state: "in", muted_until: 0, first: 1, ...changed }
}
const room = { muted_until: 0, settings: { mention_all: "admins" } } as Room
const direct: Pick<Thread, "kind" | "me" | "room"> = { kind: "direct", me: place(), room: null }
const group = (me = place()): typeof direct => ({ kind: "group", me, room })

function shown(changed: Partial<Shown>, message: object = {}): Shown {
  const stored = {
    seq: 5,
    kind: "text",
    body: { text: "hi" },
    ...message,
  } as unknown as Shown["message"]
  return { seq: 5, at: NOW, mine: true, tick: "sent", message: stored, ...changed } as Shown
}

function offered(what: Shown, thread = direct, role: "customer" | "manager" = "customer") {
  return messageActions({ shown: what, thread, me: { role }, limits: LIMITS, now: NOW })
}

function has(actions: MessageAction[], ...wanted: MessageAction[]): boolean {
  return wanted.every((action) => actions.includes(action))
}

test("my message can be edited and recalled as long as the limits say", () => {
  assert.ok(has(offered(shown({})), "edit", "recall", "delete"))
  const later = offered(shown({ at: NOW - 5 * MINUTE }))
  assert.ok(has(later, "edit") && !has(later, "recall"))
  assert.ok(!has(offered(shown({ at: NOW - 11 * MINUTE })), "edit"))
  assert.ok(has(offered(shown({ at: NOW - 5 * MINUTE }), direct, "manager"), "recall"))
})

test("messages of others can be recalled by admins of a room alone", () => {
  const theirs = shown({ mine: false, tick: null })
  assert.ok(!has(offered(theirs), "recall") && !has(offered(theirs), "edit"))
  assert.ok(!has(offered(theirs, group()), "recall"))
  assert.ok(has(offered(theirs, group(place({ role: "admin" }))), "recall", "pin"))
})

test("messages of others can be reported, my own cannot", () => {
  assert.ok(has(offered(shown({ mine: false, tick: null })), "report"))
  assert.ok(!has(offered(shown({})), "report"))
})

test("who has read is asked in groups, by the sender", () => {
  assert.ok(has(offered(shown({}), group()), "readers"))
  assert.ok(!has(offered(shown({})), "readers"))
  assert.ok(!has(offered(shown({ mine: false }), group()), "readers"))
})

test("a message that was not taken can be tried again or given up", () => {
  const failed = shown({ tick: "failed", message: null, seq: null })
  assert.deepEqual(offered(failed), ["retry", "copy", "discard"])
})

test("what was recalled can only be deleted, and who left can change nothing", () => {
  assert.deepEqual(offered(shown({}, { recalled: true })), ["delete"])
  const left = offered(shown({}), group(place({ state: "left" })))
  assert.deepEqual(left, ["copy", "forward", "delete"])
})

test("why nobody may write is told apart", () => {
  const until = NOW + MINUTE
  assert.equal(mayWrite(direct, NOW), "yes")
  assert.equal(mayWrite(group(place({ state: "invited" })), NOW), "invited")
  assert.equal(mayWrite(group(place({ state: "removed" })), NOW), "gone")
  assert.equal(mayWrite(group(place({ muted_until: until })), NOW), "muted")
  assert.equal(mayWrite(group(place({ muted_until: NOW - 1 })), NOW), "yes")
  const closed = { ...group(), room: { ...room, muted_until: until } }
  assert.equal(mayWrite(closed, NOW), "all_muted")
  assert.equal(mayWrite({ ...closed, me: place({ role: "owner" }) }, NOW), "yes")
  assert.equal(mayWrite({ ...group(), kind: "channel" }, NOW), "channel")
})

test("everybody is mentioned by admins, or by all where the room says so", () => {
  assert.ok(!mayMentionAll(direct) && !mayMentionAll(group()))
  assert.ok(mayMentionAll(group(place({ role: "admin" }))))
  const open = { ...room, settings: { ...room.settings, mention_all: "everyone" as const } }
  assert.ok(mayMentionAll({ me: place(), room: open }))
})
