import assert from "node:assert/strict"
import { test } from "node:test"
import { en } from "../src/shared/i18n/en.ts"
import { zh } from "../src/shared/i18n/zh.ts"

/** The paths of all texts, and the texts that are none. */
function paths(texts: object, under = ""): string[] {
  return Object.entries(texts).flatMap(([name, value]) => {
    if (typeof value === "object") return paths(value, `${under}${name}.`)
    return value === "" ? [] : [`${under}${name}`]
  })
}

test("every language has every text", () => {
  assert.deepEqual(paths(zh).sort(), paths(en).sort())
})
