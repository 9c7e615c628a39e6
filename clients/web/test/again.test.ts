import assert from "node:assert/strict"
import { test } from "node:test"
import { inTheEnd } from "../src/shared/again.ts"

test("what fails is attempted again, after a pause each time, until it works", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] })
  let attempts = 0
  const attempt = async () => {
    attempts += 1
    if (attempts < 4) throw new Error("unavailable")
    return "there"
  }
  const found = inTheEnd(attempt, 2000)
  for (const expected of [1, 2, 3]) {
    await new Promise((turned) => setImmediate(turned))
    assert.equal(attempts, expected)
    t.mock.timers.tick(1999)
    assert.equal(attempts, expected)
    t.mock.timers.tick(1)
  }
  assert.equal(await found, "there")
})
