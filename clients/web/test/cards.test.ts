// What cards say and which card a form makes, without a page.

import assert from "node:assert/strict"
import { test } from "node:test"
import type { Button, Message, Shown } from "@chatserver/client"
import { chosenBy, ratingBy } from "../src/shared/cards/answer.ts"
import { moneyIn, moneyText } from "../src/shared/cards/money.ts"
import { timesText } from "../src/shared/cards/times.ts"
import { language } from "../src/shared/i18n/index.ts"
import { contentText } from "../src/shared/preview.ts"
import { cardFrom } from "../src/workbench/cards/forms.ts"

const LABELS = { confirm: "Yes", another: "No" }
const BUTTONS: Button[] = [
  { id: "wish", label: "This one", send: "I want it" },
  { id: "late", label: "Late", action: "order.late", value: "7" },
]

function said(kind: Message["kind"], body: Record<string, unknown>, at = 10): Shown {
  const message = { kind, body, reply_to: 3, at } as Message
  return { mine: true, at, message } as Shown
}

test("sums are written from the smallest unit of their currency", () => {
  assert.equal(moneyText({ amount: 7900, currency: "CNY" }, "zh-CN"), "¥79.00")
  assert.equal(moneyText({ amount: 7900, currency: "JPY" }, "en-GB"), "JP¥7,900")
})

test("a typed sum is exact, and nonsense is none", () => {
  assert.deepEqual(moneyIn(" 1,279.5 ", "CNY"), { amount: 127_950, currency: "CNY" })
  assert.deepEqual(moneyIn("７９", "JPY"), { amount: 79, currency: "JPY" })
  for (const typed of ["", "-1", "1.005", "7e3", "十", "9".repeat(20)]) {
    assert.equal(moneyIn(typed, "CNY"), null)
  }
})

test("a card says in one line what it is and what it is called", () => {
  language.value = "en"
  const line = (kind: Message["kind"], body: Record<string, unknown>) => contentText({ kind, body })
  assert.equal(line("card", { type: "product", title: "Milk", text: "Long" }), "[Product] Milk")
  assert.equal(line("card", { type: "hologram" }), "This card cannot be shown here.")
  assert.equal(line("card", { type: "forward", messages: [] }), "[Forwarded messages]")
  assert.equal(line("location", { name: "Shop" }), "[Location] Shop")
  assert.equal(line("custom", { type: "game.move", data: {} }), "[Message]")
  const data = { rating: 4, best: 5 }
  assert.equal(line("custom", { type: "card.rating", data }), "Rating: 4 of 5")
})

test("times stand by the clock of the place, and an unknown zone breaks nothing", () => {
  const at = Date.UTC(2026, 10, 22, 6, 0)
  assert.match(timesText(at, null, "Asia/Tokyo", "en-GB"), /15:00/)
  assert.match(timesText(at, at + 3_600_000, "Nowhere/None", "en-GB"), /\d\d:00/)
})

test("what I chose is the latest reply that a button makes", () => {
  const plain = said("text", { text: "hello" })
  const wish = said("text", { text: "I want it" })
  const data = { action: "order.late", value: "7" }
  const late = said("custom", { type: "card.action", data }, 20)
  assert.equal(chosenBy([plain], 3, 0, BUTTONS), undefined)
  assert.equal(chosenBy([wish, plain], 3, 0, BUTTONS), wish)
  assert.equal(chosenBy([wish, late], 3, 0, BUTTONS), late)
  assert.equal(chosenBy([wish], 4, 0, BUTTONS), undefined)
})

test("a card that changed since asks again, a rating is given once", () => {
  const wish = said("text", { text: "I want it" })
  assert.equal(chosenBy([wish], 3, 11, BUTTONS), undefined)
  const rating = said("custom", { type: "card.rating", data: { rating: 5, best: 5 } })
  assert.equal(ratingBy([wish, rating], 3), rating)
})

test("a form makes the card of what was typed", () => {
  const typed = { title: " Milk ", price: "79", currency: "CNY", button: "Yes please" }
  assert.deepEqual(cardFrom("product", typed, "p1", LABELS), {
    card: {
      ...{ type: "product", id: "p1", title: "Milk" },
      price: { amount: 7900, currency: "CNY" },
      buttons: [{ id: "wish", label: "Yes please", send: "Yes please" }],
    },
  })
})

test("a form says which fields are wrong", () => {
  const wrong = { price: "cheap", url: "javascript:alert(1)", picture: "http://x.example/a.png" }
  const named = ["title", "price", "url", "picture"]
  assert.deepEqual(cardFrom("product", wrong, "p1", LABELS), { wrong: named })
  assert.deepEqual(cardFrom("appointment", { title: "Fitting" }, "a1", LABELS), { wrong: ["when"] })
})
