import assert from "node:assert/strict"
import { test } from "node:test"
import { addressOf, conversationIn } from "../src/shared/addresses.ts"
import { browserName } from "../src/shared/browserName.ts"
import { clock, day, moment } from "../src/shared/format.ts"

const WORDS = { today: "Today", yesterday: "Yesterday" }
const at = (month: number, date: number, hour: number, year = 2026) =>
  new Date(year, month - 1, date, hour, 5).getTime()
const NOW = at(8, 31, 9)

test("a list tells times of today, days of this week, and dates before", () => {
  const told = [at(8, 31, 8), at(8, 30, 23), at(8, 27, 9), at(3, 1, 9), at(3, 1, 9, 2024)]
  assert.deepEqual(
    told.map((time) => moment(time, NOW, "en-GB", WORDS)),
    ["08:05", "Yesterday", "Thu", "1 Mar", "1 Mar 2024"],
  )
})

test("days have headings as people call them", () => {
  assert.equal(day(at(8, 31, 0), NOW, "zh-CN", { today: "今天", yesterday: "昨天" }), "今天")
  assert.equal(day(at(8, 28, 9), NOW, "en-GB", WORDS), "Friday")
  assert.equal(day(at(3, 1, 9), NOW, "zh-CN", WORDS), "3月1日")
})

test("midnight is 00:05, not 24:05", () => {
  assert.equal(clock(at(8, 31, 0), "zh-CN"), "00:05")
})

test("an address names one conversation, and comes back as the same", () => {
  for (const id of ["d9a2", "a/b c%", "单"]) assert.equal(conversationIn(addressOf(id)), id)
  for (const hash of ["", "#/", "#/c/", "#/c/%", "#token=x"])
    assert.equal(conversationIn(hash), null)
})

test("devices are called by browser and system", () => {
  const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36"
  const wechat = "Mozilla/5.0 (Linux; Android 15) Chrome/130.0 Mobile MicroMessenger/8.0"
  assert.equal(browserName(chrome), "Chrome, Linux")
  assert.equal(browserName(wechat), "WeChat, Android")
  assert.equal(browserName("curl"), "")
})
