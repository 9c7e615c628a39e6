import assert from "node:assert/strict"
import { test } from "node:test"
import { pieces } from "../src/shared/links.ts"

const links = (text: string) => pieces(text).flatMap(({ href }) => href ?? [])

test("the pieces of a text together are the text", () => {
  for (const text of [
    "",
    "hello",
    "see https://a.example/x, ok?",
    "https://a.example",
    "http://",
  ]) {
    assert.equal(
      pieces(text)
        .map((piece) => piece.text)
        .join(""),
      text,
    )
  }
})

test("http and https addresses are links, without the punctuation around them", () => {
  assert.deepEqual(links("see https://a.example/x?b=1."), ["https://a.example/x?b=1"])
  assert.deepEqual(links("看http://a.example/奶粉，好吗"), ["http://a.example/%E5%A5%B6%E7%B2%89"])
  assert.deepEqual(links("(https://a.example/b)"), ["https://a.example/b"])
  assert.deepEqual(links("https://a.example/b_(c)"), ["https://a.example/b_(c)"])
})

test("nothing that could run anything is a link", () => {
  for (const text of [
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "//a.example",
  ]) {
    assert.deepEqual(links(text), [])
  }
})
