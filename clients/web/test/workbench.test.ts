import assert from "node:assert/strict"
import { test } from "node:test"
import type { DeskView, Person, Shown, Snippet, Thread } from "@chatserver/client"
import { messageActions } from "../src/shared/actions.ts"
import { together } from "../src/shared/beside.ts"
import { httpAddress } from "../src/shared/http.ts"
import { acts } from "../src/workbench/acts.ts"
import { belongs, type Entry, ofDesk, ofThread, ordered, TABS } from "../src/workbench/entries.ts"
import { filled, fitting } from "../src/workbench/snippets.ts"
import { en } from "../src/workbench/texts/en.ts"
import { zh } from "../src/workbench/texts/zh.ts"
import { duration, unansweredSince, urgency, waitsOnDesk } from "../src/workbench/waiting.ts"
import { wishOf } from "../src/workbench/wishes.ts"

const NOON = new Date(2026, 7, 31, 12).getTime()
const MINUTE = 60_000

const service = {
  customer: "mei",
  assignee: null as string | null,
  status: "open" as "open" | "resolved",
  since: NOON,
  names: { mei: "陈小美", lin: "林晓燕" } as Record<string, string>,
}

function said(sender: string, minutes: number, kind = "text"): Shown {
  const at = NOON + minutes * MINUTE
  const message = { sender, at, kind, conversation: "s1", body: { text: "hello" } }
  return { key: `#${minutes}`, seq: minutes, sender, at, message } as unknown as Shown
}

function thread(messages: Shown[], standing: Partial<typeof service> = {}): Thread {
  const standings = { ...service, ...standing }
  const room = { title: "暖芽母婴", titles: {}, service: standings, avatar: null }
  return {
    ...{ id: "s1", kind: "service", title: "陈小美", room, members: [], messages },
    ...{ last: messages.at(-1)?.message ?? null, me: { state: "in" }, unread: 0, mentions: 0 },
    my: { mode: "all", pinned: false },
  } as unknown as Thread
}

function view(standing: Partial<typeof service> = {}, sender = "mei"): DeskView {
  const room = { title: "暖芽母婴", service: { ...service, ...standing } }
  const last = { sender, at: NOON + MINUTE, kind: "text", body: { text: "几点关门？" } }
  return { id: "s2", created_at: NOON, room, last, head: { seq: 1, mod: 0 } } as unknown as DeskView
}

const entry = (changed: Partial<Entry>): Entry => ({ ...ofDesk(view()), ...changed })
const tabsOf = (one: Entry) => TABS.filter((tab) => belongs(one, tab, "lin"))

test("a customer waits since the first question after the last answer", () => {
  const messages = [said("mei", 0), said("lin", 1), said("mei", 2), said("mei", 3)]
  assert.equal(unansweredSince(thread(messages)), NOON + 2 * MINUTE)
  assert.equal(unansweredSince(thread([...messages, said("lin", 4)])), null)
})

test("system messages are no answer, and a new question a day later is a wait of its own", () => {
  assert.equal(unansweredSince(thread([said("mei", 0), said("", 1, "system")])), NOON)
  const later = 2 * 24 * 60
  assert.equal(unansweredSince(thread([said("mei", 0), said("mei", later)])), NOON + later * MINUTE)
})

test("who is settled does not wait, nor who never asked", () => {
  assert.equal(unansweredSince(thread([said("mei", 0)], { status: "resolved" })), null)
  assert.equal(waitsOnDesk(view({ status: "resolved" })), null)
  assert.equal(waitsOnDesk(view({ since: 0 })), null)
})

test("on the desk who is nobody's waits since then, others since their last word", () => {
  assert.equal(waitsOnDesk(view()), NOON)
  assert.equal(waitsOnDesk(view({ assignee: "yan" })), NOON + MINUTE)
  assert.equal(waitsOnDesk(view({ assignee: "yan" }, "yan")), null)
})

test("a wait is told in its largest unit, and is the more urgent the longer it is", () => {
  assert.equal(duration(10, "en-GB"), "1m")
  assert.equal(duration(59.9 * MINUTE, "en-GB"), "59m")
  assert.equal(duration(60 * MINUTE, "en-GB"), "1h")
  assert.equal(duration(50 * 60 * MINUTE, "zh-CN"), "2天")
  const waits = [1, 5, 29, 30].map((minutes) => urgency(minutes * MINUTE))
  assert.deepEqual(waits, ["fresh", "late", "late", "overdue"])
})

test("each conversation stands in the parts of the list where it is looked for", () => {
  assert.deepEqual(tabsOf(entry({})), ["unassigned", "all"])
  assert.deepEqual(tabsOf(entry({ assignee: "lin" })), ["mine", "all"])
  assert.deepEqual(tabsOf(entry({ assignee: "yan" })), ["all"])
  assert.deepEqual(tabsOf(entry({ assignee: "lin", isResolved: true })), ["all"])
  assert.deepEqual(tabsOf(entry({ kind: "direct" })), ["mine", "all"])
  assert.deepEqual(tabsOf(entry({ kind: "group" })), ["rooms"])
})

test("a service conversation is called after its customer", () => {
  assert.equal(ofThread(thread([said("mei", 0)]), "lin").title, "陈小美")
  assert.equal(ofDesk(view()).title, "陈小美")
})

test("who waits longest stands first where that is the order, pinned ones first elsewhere", () => {
  const all = [
    entry({ id: "late", waitingSince: 5, at: 9 }),
    entry({ id: "early", waitingSince: 2, at: 3 }),
    entry({ id: "none", waitingSince: null, at: 7, isPinned: true }),
  ]
  const ids = (...rest: ["mine" | "unassigned", "latest" | "waiting"]) =>
    ordered(all, ...rest).map(({ id }) => id)
  assert.deepEqual(ids("mine", "latest"), ["none", "late", "early"])
  assert.deepEqual(ids("mine", "waiting"), ["early", "late", "none"])
  assert.deepEqual(ids("unassigned", "latest"), ["early", "late", "none"])
})

test("only who serves, and managers, hand over and settle", () => {
  const lin = { user: "lin", role: "consultant" } as Person
  const boss = { user: "boss", role: "manager" } as Person
  assert.deepEqual(acts(entry({}), lin), ["claim"])
  assert.deepEqual(acts(entry({ assignee: "lin" }), lin), ["resolve", "assign", "release"])
  assert.deepEqual(acts(entry({ assignee: "yan" }), lin), [])
  assert.deepEqual(acts(entry({ assignee: "yan" }), boss), ["resolve", "assign", "release"])
  assert.equal(acts(entry({ assignee: "lin", isResolved: true }), lin)[0], "reopen")
  assert.deepEqual(acts(entry({ kind: "group" }), boss), [])
})

test("canned replies that begin as typed come first, and those that fit nowhere not at all", () => {
  const one = (shortcut: string, title: string, text: string): Snippet => {
    return { id: shortcut, shortcut, title, text }
  }
  const all = [
    one("bye", "Goodbye", "See you"),
    one("sizes", "Which size", "…"),
    one("see", "Look here", "…"),
  ]
  const found = (typed: string) => fitting(all, typed).map(({ id }) => id)
  assert.deepEqual(found(""), ["bye", "sizes", "see"])
  assert.deepEqual(found("SE"), ["see", "bye"])
  assert.deepEqual(found("which"), ["sizes"])
  assert.deepEqual(found("zzz"), [])
})

test("variables of a canned reply are filled once, and nothing else is touched", () => {
  const parties = { customer: "{shop}", me: "林晓燕", shop: "暖芽" }
  assert.equal(
    filled("{customer}，我是{shop}的{me} {x} $&", parties),
    "{shop}，我是暖芽的林晓燕 {x} $&",
  )
})

test("notes stand among the messages by time, those of earlier pages wait", () => {
  const messages = [said("mei", 10), said("lin", 20)]
  const notes = [said("lin", 5), said("yan", 15), said("lin", 25), said("", 26, "system")]
  const keys = (isComplete: boolean) => together(messages, notes, isComplete).map(({ key }) => key)
  assert.deepEqual(keys(false), ["#10", "beside #15", "#20", "beside #25"])
  assert.deepEqual(keys(true), ["beside #5", "#10", "beside #15", "#20", "beside #25"])
})

test("only addresses of pages are links", () => {
  assert.equal(httpAddress("https://shop.example/p/1"), "https://shop.example/p/1")
  for (const bad of ["javascript:alert(1)", "data:text/html,x", "//a.example", "x"]) {
    assert.equal(httpAddress(bad), null)
  }
})

test("keys ask for what they stand for, also where Alt types other signs", () => {
  const press = { code: "", key: "", altKey: false, ctrlKey: false, metaKey: false }
  assert.equal(wishOf({ ...press, code: "KeyJ", key: "∆", altKey: true }), "next")
  assert.equal(wishOf({ ...press, code: "KeyK", key: "k", altKey: true }), "previous")
  assert.equal(wishOf({ ...press, code: "KeyK", key: "k", metaKey: true }), "search")
  assert.equal(wishOf({ ...press, code: "Slash", key: "/", ctrlKey: true }), "help")
  assert.equal(wishOf({ ...press, code: "KeyK", key: "k" }), null)
  assert.equal(wishOf({ ...press, code: "KeyJ", key: "j", altKey: true, ctrlKey: true }), null)
})

test("every language has every text of the workbench", () => {
  const paths = (texts: object, under = ""): string[] =>
    Object.entries(texts).flatMap(([name, value]) =>
      typeof value === "object" ? paths(value, `${under}${name}.`) : `${under}${name}`,
    )
  assert.deepEqual(paths(zh).sort(), paths(en).sort())
})

test("in service conversations all are alike, and a note goes nowhere else", () => {
  const me = { user: "lin", role: "consultant" } as Person
  const offered = (kind: Thread["kind"]) => {
    const { room } = thread([])
    const here = {
      kind,
      room,
      me: { role: "admin", state: "in", muted_until: 0, first: 1 } as const,
    }
    return messageActions({ shown: said("mei", 0), thread: here, me, limits: {}, now: NOON })
  }
  assert.ok(!offered("service").includes("recall"))
  assert.ok(offered("group").includes("recall"))
  assert.ok(offered("service").includes("pin") && offered("service").includes("forward"))
  assert.ok(!offered("notes").includes("forward"))
})
