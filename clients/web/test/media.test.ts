import assert from "node:assert/strict"
import { test } from "node:test"
import { bars, drawn, duration, fileSize } from "../src/shared/media/sizes.ts"

test("a picture is drawn in its shape, no larger than it is and no smaller than a finger", () => {
  assert.deepEqual(drawn(4000, 3000), { width: 280, height: 210 })
  assert.deepEqual(drawn(300, 600), { width: 160, height: 320 })
  assert.deepEqual(drawn(120, 100), { width: 120, height: 100 })
  assert.deepEqual(drawn(4000, 100), { width: 280, height: 96 })
  assert.deepEqual(drawn(null, undefined), { width: 200, height: 200 })
})

test("sizes are told in the unit that people would use", () => {
  const told = [0, 999, 2_140, 524_288, 12_000_000].map((bytes) => fileSize(bytes, "en-GB"))
  assert.deepEqual(told, ["0 bytes", "999 bytes", "2.1 kB", "524 kB", "12 MB"])
})

test("durations are minutes and seconds", () => {
  assert.deepEqual([0, 900, 61_400, 600_000].map(duration), ["0:00", "0:01", "1:01", "10:00"])
})

test("a waveform has as many bars as are drawn, whatever was measured", () => {
  assert.deepEqual(bars([0, 100, 50, 20], 2), [1, 0.5])
  assert.equal(bars([], 32).length, 32)
  assert.equal(bars([30], 32).length, 32)
})
