import assert from "node:assert/strict"
import { test } from "node:test"
import { Rows } from "../src/shared/virtual.ts"

const keys = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `k${from + at}`)

test("other rows are taken to be as high as the measured ones are on average", () => {
  const rows = new Rows(50)
  rows.replace(keys(4))
  assert.equal(rows.total, 200)
  rows.measured("k1", 100)
  rows.measured("k2", 20)
  assert.equal(rows.total, 220)
  rows.replace(keys(4))
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((at) => rows.top(at)),
    [0, 60, 160, 180, 240],
  )
})

test("rows keep their height when others come above them", () => {
  const rows = new Rows(10)
  rows.replace(keys(3, 100))
  for (const key of rows.keys) rows.measured(key, 30)
  rows.replace([...keys(2), ...keys(3, 100)])
  assert.equal(rows.indexOf("k100"), 2)
  assert.equal(rows.total - rows.top(2), 90)
})

test("a window shows the rows that it covers and no others", () => {
  const rows = new Rows(10)
  rows.replace(keys(100))
  assert.deepEqual(rows.window(200, 100, 0), [20, 31])
  assert.deepEqual(rows.window(200, 100, 50), [15, 36])
  assert.deepEqual(rows.window(-500, 100, 0), [0, 1])
  assert.deepEqual(rows.window(5000, 100, 0), [99, 100])
  rows.replace([])
  assert.deepEqual(rows.window(0, 100, 0), [0, 0])
})
