import assert from "node:assert/strict"
import { test } from "node:test"
import { asked, completed, fits } from "../src/shared/suggest.ts"

const ask = (text: string) => asked(text, text.length, ["@", "/"])?.query

test("a sign and what follows it up to the caret ask for something", () => {
  assert.equal(ask("@"), "")
  assert.equal(ask("您好 @小"), "小")
  assert.equal(ask("您好@小"), "小")
  assert.equal(ask("/hel"), "hel")
  assert.equal(asked("@lin and", 4, ["@"])?.query, "lin")
})

test("addresses, finished words and other texts ask for nothing", () => {
  for (const text of ["", "hello", "mei@shop", "@lin ", "https://a.example/x"]) {
    assert.equal(ask(text), undefined, text)
  }
})

test("what is chosen takes the place of what was asked", () => {
  const text = "您好 @小 ok"
  const made = completed(text, 5, asked(text, 5, ["@"])!, "@陈小美")
  assert.deepEqual(made, { text: "您好 @陈小美 ok", caret: 8 })
})

test("names fit by the beginning of a word, Chinese ones by any part", () => {
  assert.ok(fits("Anna Lind", "li"))
  assert.ok(!fits("Anna Lind", "in"))
  assert.ok(fits("陈小美", "小"))
  assert.ok(fits("anything", ""))
})
