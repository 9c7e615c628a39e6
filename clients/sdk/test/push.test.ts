// Where a browser is notified while nobody looks.

import assert from "node:assert/strict"
import test from "node:test"
import type { Address } from "../src/protocol.ts"
import { WebPush } from "../src/push.ts"
import { FakeServer } from "./fake-server.ts"
import { eventually, joined } from "./helpers.ts"

const KEY = "BNbx-key_1"
const OTHER_KEY = "BMbx-key_1"
const KEYS = { p256dh: "their-key", auth: "their-secret" }

/** A browser's push manager, whose subscriptions are numbered. */
class Manager {
  held: PushSubscription | null = null
  made = 0
  refuses = false

  async getSubscription(): Promise<PushSubscription | null> {
    return this.held
  }

  async subscribe(options?: PushSubscriptionOptionsInit): Promise<PushSubscription> {
    if (this.refuses) throw new DOMException("Registration failed", "AbortError")
    assert.equal(options?.userVisibleOnly, true)
    this.made += 1
    const endpoint = `https://push.example/${this.made}`
    const key = options?.applicationServerKey as Uint8Array<ArrayBuffer>
    const held = {
      options: { applicationServerKey: key.buffer },
      toJSON: () => ({ endpoint, keys: KEYS }),
      unsubscribe: async () => {
        this.held = null
        return true
      },
    }
    this.held = held as unknown as PushSubscription
    return this.held
  }
}

/** The addresses that were registered. */
function registered(server: FakeServer): (Address | null)[] {
  const told = server.calls.filter(({ name }) => name === "device.update")
  return told.flatMap(({ fields }) => ("push" in fields ? [fields.push as Address | null] : []))
}

function address(number: number, language: "zh" | "en" = "zh"): Address {
  return { provider: "web", token: `https://push.example/${number}`, keys: KEYS, language }
}

test("a browser subscribes once, and tells the server where at every start", async (t) => {
  const server = new FakeServer()
  server.webKey = KEY
  const pushManager = new Manager()
  const push = new WebPush(await joined(t, server, "mei"), { pushManager })
  assert.equal(await push.start("zh"), true)
  assert.equal(await push.start("en"), true)
  assert.equal(pushManager.made, 1)
  assert.deepEqual(registered(server), [address(1), address(1, "en")])
})

test("a subscription that is gone, or was made with another key, is made anew", async (t) => {
  const server = new FakeServer()
  server.webKey = KEY
  const pushManager = new Manager()
  const push = new WebPush(await joined(t, server, "mei"), { pushManager })
  await push.start("zh")
  server.webKey = OTHER_KEY
  await push.start("zh")
  pushManager.held = null
  await push.start("zh")
  assert.deepEqual(registered(server), [address(1), address(2), address(3)])
})

test("where server or browser cannot do it nothing is registered", async (t) => {
  const server = new FakeServer()
  const pushManager = new Manager()
  const push = new WebPush(await joined(t, server, "mei"), { pushManager })
  assert.equal(await push.start("zh"), false)
  server.webKey = KEY
  pushManager.refuses = true
  await assert.rejects(push.start("zh"), { name: "AbortError" })
  assert.deepEqual(registered(server), [])
})

test("who wants it no longer is unsubscribed in the browser and at the server", async (t) => {
  const server = new FakeServer()
  server.webKey = KEY
  const pushManager = new Manager()
  const push = new WebPush(await joined(t, server, "mei"), { pushManager })
  await push.start("zh")
  await push.stop()
  assert.equal(pushManager.held, null)
  assert.deepEqual(registered(server), [address(1), null])
})

test("who is logged out is unsubscribed, who closes the page is not", async (t) => {
  const server = new FakeServer()
  server.webKey = KEY
  const [one, other] = [new Manager(), new Manager()]
  const mei = await joined(t, server, "mei")
  const lin = await joined(t, server, "lin")
  await new WebPush(mei, { pushManager: one }).start("zh")
  await new WebPush(lin, { pushManager: other }).start("zh")
  lin.close()
  server.tell(["mei"], "notice", { type: "kicked", reason: "logged out" })
  await eventually(() => one.held === null)
  assert.notEqual(other.held, null)
})

test("preferences are changed in part, and what was opened is told", async (t) => {
  const server = new FakeServer()
  const mei = await joined(t, server, "mei")
  const id = await mei.open("lin")
  await mei.setPushPrefs({ preview: "name" })
  await mei.pushOpened(id, "n1")
  const told = server.calls.slice(-2).map(({ name, fields }) => [name, fields])
  assert.deepEqual(told, [
    ["push.set", { preview: "name" }],
    ["push.opened", { conversation: id, id: "n1" }],
  ])
})
