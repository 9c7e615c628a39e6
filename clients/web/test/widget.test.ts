import assert from "node:assert/strict"
import { test } from "node:test"
import { deviceOf } from "../src/widget/device.ts"
import { provideStorage } from "../src/widget/storage.ts"

test("people in one browser are devices of their own, and the same ones each time", () => {
  const devices = ["mei", "lin", "梅"].map((user) => deviceOf("a1b2", user))
  assert.equal(new Set(devices).size, 3)
  assert.equal(deviceOf("a1b2", "mei"), devices[0])
  for (const device of devices) assert.match(device, /^a1b2-[\da-f]{8}$/)
})

test("where storage is denied something stands in for it", (context) => {
  const name = "localStorage"
  const had = Object.getOwnPropertyDescriptor(globalThis, name)
  context.after(() => had && Object.defineProperty(globalThis, name, had))
  const denied = () => {
    throw new Error("Access is denied")
  }
  Object.defineProperty(globalThis, name, { get: denied, configurable: true })
  provideStorage()
  localStorage.setItem("language", "zh")
  assert.equal(localStorage.getItem("language"), "zh")
  assert.equal(localStorage.key(0), "language")
  localStorage.removeItem("language")
  assert.equal(localStorage.getItem("language"), null)
})
