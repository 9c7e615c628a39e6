// How long 10,000 events take: applied to the state, and through a client whose view is drawn.

import { ChatClient } from "../src/client.ts"
import { State } from "../src/state.ts"
import { FakeServer } from "../test/fake-server.ts"

const EVENTS = 10_000
const server = new FakeServer()
const talk = server.direct("mei", "lin")
const events: [string, unknown][] = []
server.listen("mei", (name, data) => events.push([name, data]))

/** Mostly messages, every tenth event a change or a read position. */
function happen(): void {
  for (let n = 0; events.length < EVENTS; n++) {
    if (n % 20 === 19) server.change(talk, talk.messages.length, "lin", { type: "recall" })
    else if (n % 20 === 9) server.markRead(talk, "mei", talk.messages.length - 5)
    else server.append(talk, "lin")
  }
}

function processorMs(what: () => void): number {
  const before = process.cpuUsage()
  what()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** A state that is in step with an empty conversation. */
function synced(): State {
  const state = new State()
  const me = { user: "mei", name: "mei", role: "customer" } as const
  state.take({ on: "ready", ready: { me, device: "d", time: 0, limits: {}, protocol: 1 } })
  state.take({ on: "syncing" })
  state.take({ on: "sync", page: server.answer("mei", "sync", { have: {} } as never) as never })
  return state
}

const fresh = synced()
const [client, tell] = await drawn()
happen()
const applied = processorMs(() => {
  for (const [name, data] of events) fresh.take({ on: "event", name, data, now: 0 })
})
console.log(`${EVENTS} events applied: ${applied.toFixed(0)} ms`)
const before = process.cpuUsage()
for (const [at, [name, data]] of events.entries()) {
  tell(name, data)
  if (at % 100 === 99) await new Promise((resolve) => setImmediate(resolve)) // a view is drawn
}
const { user, system } = process.cpuUsage(before)
console.log(
  `${EVENTS} events with a view drawn 100 times: ${((user + system) / 1000).toFixed(0)} ms`,
)
client.close()

/** A client with a view, and the way to tell it events. */
async function drawn(): Promise<[ChatClient, (name: string, data: unknown) => void]> {
  let hear: (name: string, data: unknown) => void = () => {}
  const made = new ChatClient({
    url: "http://chat.example",
    token: "mei",
    device: { id: "bench", platform: "web" },
    shareTabs: false,
    transport: (url, auth, heard) => {
      hear = (name, data) => heard.event(name, data)
      return server.transport(url, auth, {
        ...heard,
        event: (...all) => live || heard.event(...all),
      })
    },
  })
  let live = false
  await made.start().ready()
  live = true // what happens is told by the benchmark alone
  made.subscribe(
    () => made.thread(talk.id),
    () => {},
  )
  return [made, hear]
}
