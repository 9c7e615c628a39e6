import assert from "node:assert/strict"
import { test } from "node:test"
import { addressOf, pageOf, pairIn, pairWith } from "../src/demo/pairs.ts"
import type { DemoPerson } from "../src/shared/session.ts"

const person = (user: string, page: DemoPerson["page"]): DemoPerson => ({
  user,
  page,
  name: user,
  role: "",
  shop: null,
  about: "",
})
const lin = person("lin", "workbench")
const yan = person("yan", "workbench")
const mei = person("mei/1", "customer")
const people = [lin, yan, mei]

test("an address names a customer and somebody of the shop", () => {
  const pair = { customer: mei, staff: yan }
  assert.deepEqual(pairIn(addressOf(pair), people), pair)
  for (const hash of ["", "#/", "#/lin/yan", "#/nobody/lin", "#/mei%2F1", "#/%E0/lin"])
    assert.equal(pairIn(hash, people), null)
})

test("everybody is beside the first of the other side", () => {
  assert.deepEqual(pairWith(mei, people), { customer: mei, staff: lin })
  assert.deepEqual(pairWith(yan, people), { customer: mei, staff: yan })
  assert.equal(pairWith(lin, [lin, yan]), null)
})

test("a person's page is the one for their work", () => {
  assert.equal(pageOf(mei), "/?as=mei%2F1")
  assert.equal(pageOf(lin), "/workbench?as=lin")
})
