import assert from "node:assert/strict"
import { test } from "node:test"
import type { PushSettings } from "@chatserver/client"
import { addressOf, conversationIn, notificationIn } from "../src/shared/addresses.ts"
import { isIos } from "../src/shared/push/ability.ts"
import { phoneIn, tomorrowMorning, zones } from "../src/shared/push/choices.ts"
import { Choosing } from "../src/shared/push/choosing.ts"
import { homeOf } from "../src/shared/push/home.ts"
import { dataOf, isShown, noticeIn, optionsOf, titleOf } from "../src/shared/push/notice.ts"

const PUSHED = {
  id: "n1",
  conversation: "c1",
  seq: 7,
  badge: 3,
  expires_at: 1_790_000_000_000,
  url: "/workbench#/c/c1",
  title: "林晓燕",
  text: "一段",
  kind: "service",
}

/** What becomes of a push with other fields. */
function notice(changed: object = {}) {
  return noticeIn(JSON.stringify({ ...PUSHED, ...changed }))
}

test("what is pushed is shown as the server says", () => {
  const told = notice({ kind: "critical", language: "en" })
  assert.ok(told)
  const options = optionsOf(told, "?as=lin", 5)
  assert.deepEqual(options.data, {
    id: "n1",
    conversation: "c1",
    seq: 7,
    url: "/workbench?as=lin#/c/c1",
  })
  const { tag, body, silent, renotify, timestamp, lang, requireInteraction } = options
  assert.deepEqual([tag, body, silent, renotify], ["c1", "一段", false, true])
  assert.deepEqual([timestamp, lang, requireInteraction], [5, "en", true])
  assert.equal(told.badge, 3)
})

test("a notification without a title has one in its language", () => {
  const [zh, en] = [notice({ title: "" }), notice({ title: "", language: "en" })]
  assert.deepEqual([zh && titleOf(zh), en && titleOf(en)], ["新消息", "New message"])
})

test("what makes no sound takes the place of the one before it without one", () => {
  const told = notice({ sounds: false })
  assert.ok(told)
  const { silent, renotify } = optionsOf(told, "", 5)
  assert.deepEqual([silent, renotify], [true, false])
})

test("a push that is none says nothing and breaks nothing", () => {
  for (const payload of ["", "null", "[]", "7", '"text"', "{", "{}", '{"conversation": 7}']) {
    assert.equal(noticeIn(payload), null, payload)
  }
  assert.equal(notice({ conversation: "x".repeat(1000) }), null)
  const told = notice({
    id: {},
    seq: "7",
    badge: -3,
    title: ["x"],
    text: null,
    url: 7,
    shows: "no",
  })
  assert.deepEqual(told, {
    id: "",
    conversation: "c1",
    seq: 0,
    badge: 0,
    expiresAt: PUSHED.expires_at,
    page: "/",
    hash: "#/c/c1",
    shows: true,
    title: "",
    text: "",
    sounds: true,
    stays: false,
    language: "zh",
  })
})

test("a click leads to a conversation on a page of this server and nowhere else", () => {
  const urls = {
    "/#/c/c1": "/#/c/c1",
    "/workbench#/c/c2": "/workbench#/c/c2",
    "https://evil.example/#/c/c1": "/#/c/c1",
    "//evil.example/workbench#/c/c1": "/#/c/c1",
    "javascript:alert(1)": "/#/c/c1",
    "/demo#token=stolen": "/#/c/c1",
    "/workbench#/c/%E0%A4%A": "/workbench#/c/c1",
  }
  for (const [url, leads] of Object.entries(urls)) {
    const told = notice({ url })
    assert.ok(told)
    assert.equal(optionsOf(told, "", 0).data.url, leads, url)
  }
})

test("text is shown as text, of a length that is sane, in its own direction", () => {
  const told = notice({ title: `a\u202Eb\nc${"x".repeat(900)}`, text: "<b>x</b>" })
  assert.equal(told?.title.length, 120)
  assert.ok(told?.title.startsWith("a b c"))
  assert.equal(told?.text, "<b>x</b>")
})

test("a message that is shown already is not shown again, a later one is", async () => {
  const shown = [{ data: { id: "", conversation: "c1", seq: 7, url: "/" } }] as Notification[]
  const registration = { getNotifications: async () => shown }
  const is = (seq: number) => isShown(registration, { conversation: "c1", seq })
  assert.deepEqual([await is(6), await is(7), await is(8), await is(0)], [true, true, false, false])
  for (const data of [null, "x", {}]) assert.equal(dataOf({ data }), null)
})

test("an address says which notification led there, once", () => {
  const address = addressOf("a/b 单", "n/1")
  assert.equal(conversationIn(address), "a/b 单")
  assert.equal(notificationIn(address), "n/1")
  assert.equal(notificationIn(addressOf("c1")), null)
})

test("a page is found again by whom it plays, and by nothing else in its address", () => {
  assert.equal(homeOf("?as=mei&x=1"), "?as=mei")
  assert.equal(homeOf("?utm=1"), "")
})

test("a phone number is sent in the form of E.164", () => {
  const typed = {
    "138 0013 8000": "+8613800138000",
    "+86 138-0013-8000": "+8613800138000",
    "0044 20 7946 0958": "+442079460958",
    "12345": null,
    "+0123456789": null,
    "138001380001": null,
    abc: null,
  }
  for (const [text, phone] of Object.entries(typed)) assert.equal(phoneIn(text), phone, text)
})

test("tomorrow morning is the next day's, also late at night", () => {
  const late = new Date(2026, 11, 31, 23, 59).getTime()
  assert.equal(tomorrowMorning(late), new Date(2027, 0, 1, 8).getTime())
})

test("the chosen time zone is among those to choose from, once", () => {
  const all = zones("Mars/Base")
  assert.equal(all.filter((zone) => zone === "Mars/Base").length, 1)
  assert.equal(new Set(all).size, all.length)
})

test("an iPad that says it is a Mac is known by its touch screen", () => {
  const mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15"
  assert.equal(isIos({ userAgent: mac, maxTouchPoints: 5 }), true)
  assert.equal(isIos({ userAgent: mac, maxTouchPoints: 0 }), false)
  assert.equal(isIos({ userAgent: "… (iPhone; …)", maxTouchPoints: 5 }), true)
})

test("what is chosen quickly is shown at once and goes out together", async () => {
  const prefs = { preview: "full", desktop: "hold", phone: null } as PushSettings["prefs"]
  const sent: object[] = []
  const keep = async (chosen: object) => {
    sent.push(chosen)
    return { prefs: { ...prefs, ...chosen, phone: "+86138****8000" }, providers: [] }
  }
  const choosing = new Choosing({ load: async () => ({ prefs, providers: [] }), keep })
  await choosing.load()
  choosing.choose({ preview: "name" })
  choosing.choose({ desktop: "also", phone: "+8613800138000" })
  const shown = choosing.settings.value?.prefs
  assert.deepEqual([shown?.preview, shown?.desktop, shown?.phone], ["name", "also", null])
  await choosing.keep()
  await choosing.keep()
  assert.deepEqual(sent, [{ preview: "name", desktop: "also", phone: "+8613800138000" }])
  assert.equal(choosing.settings.value?.prefs.phone, "+86138****8000")
})
