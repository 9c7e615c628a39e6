import assert from "node:assert/strict"
import { test } from "node:test"
import { Looking } from "../src/widget/looking.ts"
import type { Context } from "../src/widget/messages.ts"

const page = (name: string): Context => ({ page: { url: `https://shop.example/${name}` } })

class Server {
  isUp = true
  isWell = true
  told: Context[] = []
  private waiting: (() => void)[] = []
  readonly looking = new Looking({
    isUp: () => this.isUp,
    tell: (context) =>
      new Promise((resolve, reject) => {
        this.told.push(context)
        this.waiting.push(this.isWell ? () => resolve(null) : () => reject(new Error("no")))
      }),
  })

  async answer(): Promise<void> {
    for (const each of this.waiting.splice(0)) each()
    await new Promise((done) => setImmediate(done))
  }
}

test("while one is on its way only the latest of the others is told", async () => {
  const server = new Server()
  for (const name of ["a", "b", "c"]) server.looking.at(page(name))
  await server.answer()
  await server.answer()
  assert.deepEqual(server.told, [page("a"), page("c")])
})

test("the same page is told once", async () => {
  const server = new Server()
  server.looking.at(page("a"))
  await server.answer()
  server.looking.at(page("a"))
  await server.looking.go()
  assert.equal(server.told.length, 1)
})

test("what could not be told is told when the connection is there", async () => {
  const server = new Server()
  server.isUp = false
  server.looking.at(page("a"))
  assert.equal(server.told.length, 0)
  server.isUp = true
  server.isWell = false
  void server.looking.go()
  await server.answer()
  server.isWell = true
  void server.looking.go()
  await server.answer()
  assert.deepEqual(server.told, [page("a"), page("a")])
})
