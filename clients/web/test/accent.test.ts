import assert from "node:assert/strict"
import { test } from "node:test"
import { accentRules, accents, contrast, parse } from "../src/widget/accent.ts"

const GROUNDS = { light: "#d8eeea", dark: "#2c2723" }

test("whatever the shop's colour, it can be read", () => {
  const apart = (one = "", other = "") =>
    contrast(parse(one) ?? [0, 0, 0], parse(other) ?? [0, 0, 0])
  for (const chosen of ["#000000", "#ffffff", "#ffd400", "#8a4b6b", "#ff0000", "#00FF7f"]) {
    const made = accents(chosen)
    assert.ok(made)
    for (const theme of ["light", "dark"] as const) {
      assert.ok(apart(made[theme]["--accent-fill"], "#ffffff") >= 4.5, chosen)
      assert.ok(apart(made[theme]["--accent"], GROUNDS[theme]) >= 4.5, chosen)
    }
  }
})

test("a colour that can be read already stays as it is", () => {
  assert.equal(accents("#0f6b66")?.light["--accent-fill"], "#0f6b66")
})

test("what is no colour of six digits gives none", () => {
  for (const text of ["", "red", "#fff", "#12345g", "#1234567", "url(#123456)"])
    assert.equal(accentRules(text), "")
})
