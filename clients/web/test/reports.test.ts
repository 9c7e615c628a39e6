import assert from "node:assert/strict"
import { test } from "node:test"
import type { ChatClient, Person, Report, Thread } from "@chatserver/client"
import {
  type Page,
  scopesOf,
  toContinue,
  together,
  waiting,
} from "../src/workbench/reports/pages.ts"
import { addressOfReport, placeIn } from "../src/workbench/reports/place.ts"
import { lengthText, offered } from "../src/workbench/reports/verdicts.ts"

const report = (conversation: string, at: number): Report =>
  ({ conversation, seq: at, last_at: at, place: { kind: "group" } }) as Report

const page = (reports: Report[], rest: Partial<Page> = {}): Page => ({
  ...{ reports, hasMore: false, open: reports.length },
  ...rest,
})

const places = (reports: Report[]) =>
  reports.map(({ conversation, seq }) => `${conversation}${seq}`)

function chatOf(me: Partial<Person>, rooms: Record<string, object>): ChatClient {
  return {
    ...{ me, conversations: Object.keys(rooms) },
    conversation: (id: string) => ({
      isIn: true,
      kind: "group",
      place: {},
      room: {},
      ...rooms[id],
    }),
  } as unknown as ChatClient
}

const admin = { place: { role: "admin" } }

test("managers read the reports of their shop, and of rooms elsewhere whose admin they are", () => {
  const rooms = {
    ours: { ...admin, room: { shop: "s" } },
    elsewhere: { ...admin, room: { shop: null } },
    visited: { place: { role: "member" } },
  }
  const manager = { role: "manager", shop: "s" } as const
  assert.deepEqual(scopesOf(chatOf(manager, rooms)), [null, "elsewhere"])
  assert.deepEqual(scopesOf(chatOf({ ...manager, role: "consultant" }, rooms)), [
    "ours",
    "elsewhere",
  ])
})

test("who looks after nothing reads none, nor who has left", () => {
  const left = { room: { ...admin, isIn: false }, service: { ...admin, kind: "service" } }
  assert.deepEqual(scopesOf(chatOf({ role: "consultant", shop: "s" }, left)), [])
  assert.deepEqual(scopesOf(chatOf({ role: "manager", shop: null }, {})), [])
})

test("pages stand in one list down to where one of them goes on", () => {
  const pages = [
    page([report("a", 9), report("a", 5)], { hasMore: true, open: 7 }),
    page([report("b", 7), report("b", 3), report("a", 9)]),
  ]
  assert.deepEqual(places(together(pages)), ["a9", "b7", "a5"])
  assert.equal(waiting(pages), 10)
  assert.deepEqual(together([]), [])
})

test("of several that go on the one that ends first is fetched on", () => {
  const pages = new Map([
    [null, page([report("a", 4)], { hasMore: true })],
    ["r1", page([report("r1", 6)], { hasMore: true })],
    ["r2", page([report("r2", 9)])],
  ])
  assert.equal(toContinue(pages), "r1")
  assert.equal(toContinue(new Map([["r2", page([report("r2", 9)])]])), undefined)
})

test("a report I do not see because it is about me is not counted where all are here", () => {
  assert.equal(waiting([page([report("a", 1)], { open: 2 })]), 1)
})

test("a report has an address, and what somebody typed has none", () => {
  const at = { conversation: "a/b %", seq: 7 }
  assert.deepEqual(placeIn(addressOfReport(at)), { at })
  assert.deepEqual(placeIn("#/reports"), { at: null })
  assert.deepEqual(placeIn("#/reports/%/7"), { at: null })
  for (const other of ["", "#/c/a", "#/reports/a", "#/reports/a/x"]) {
    assert.equal(placeIn(other), null, other)
  }
})

test("what is done to the sender is offered to the room's admins alone", () => {
  const thread = (role: string, kind = "group") =>
    ({ kind, me: { role, state: "in" } }) as unknown as Thread
  assert.deepEqual(offered(report("a", 1), undefined), ["dismiss", "recall"])
  assert.deepEqual(offered(report("a", 1), thread("member")), ["dismiss", "recall"])
  assert.equal(offered(report("a", 1), thread("owner")).length, 5)
})

test("a length is told in words", () => {
  const [hour, day, week] = [3_600_000, 86_400_000, 7 * 86_400_000]
  assert.deepEqual([hour, day, week, null].map(lengthText), [
    "1 hour",
    "1 day",
    "7 days",
    "For good",
  ])
})
