import assert from "node:assert/strict"
import { test } from "node:test"
import { initials } from "../src/shared/initials.ts"

test("initials are the given name in Chinese, first letters elsewhere", () => {
  const names = {
    陈小美: "小美",
    林顾问: "顾问",
    "Anna Lind": "AL",
    "Babies of May 2026": "BM",
    mei: "M",
    三月宝宝妈妈群: "三月",
  }
  for (const [name, expected] of Object.entries(names)) assert.equal(initials(name), expected)
  assert.equal(initials(""), "")
})
