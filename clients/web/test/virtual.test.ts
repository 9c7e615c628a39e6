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
  rows.learn()
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

test("rows that come at the end leave those before them where they are", () => {
  const rows = new Rows(10)
  rows.replace(keys(3))
  for (const key of rows.keys) rows.measured(key, 30)
  assert.deepEqual([rows.total, rows.indexOf("k2")], [90, 2])
  rows.replace(keys(5))
  assert.deepEqual([rows.top(2), rows.top(3), rows.total], [60, 90, 110])
  assert.deepEqual([rows.indexOf("k2"), rows.indexOf("k4")], [2, 4])
  rows.measured("k4", 5)
  assert.equal(rows.total, 105)
  rows.replace(keys(2))
  assert.deepEqual([rows.total, rows.indexOf("k4")], [60, -1])
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
