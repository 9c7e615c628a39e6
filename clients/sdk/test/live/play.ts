// A play against a real server: two people, one of them with two devices and two tabs on one of
// them, write, change, read and scroll while connections are cut at random and pages are reloaded
// with messages in the outbox. In the end all of them show what the server has, and every message is
// there once, in its order.
// node test/live/play.ts '{"url": …, "tokens": {"mei": …, "lin": …}, "seed": 1, "steps": 150}'

import "fake-indexeddb/auto"
import assert from "node:assert/strict"
import { ChatClient, ChatRefused, ChatTimeout, socketIo } from "../../src/index.ts"
import type { Message } from "../../src/protocol.ts"
import type { Link, Transport } from "../../src/transport.ts"
import { numbersFrom } from "../random.ts"

const PATIENCE_MS = 60_000

interface Script {
  url: string
  tokens: Record<string, string>
  seed: number
  steps: number
}

/** A transport whose connection can be cut, with or without hearing the last answers. */
class Wire {
  private link: Link | null = null
  private end: () => void = () => {}
  private isDeaf = false
  cuts = 0

  readonly transport: Transport = (url, auth, events) => {
    this.isDeaf = false
    const link = socketIo(url, auth, events)
    this.link = link
    this.end = () => events.ended(false)
    return {
      ...link,
      call: (name, fields, answered) => {
        link.call(name, fields, (answer) => this.isDeaf || answered(answer))
      },
    }
  }

  deafen(): void {
    this.isDeaf = true
  }

  cut(): void {
    this.cuts += 1
    this.link?.close()
    this.end()
  }
}

/** One device of somebody, and its page. */
class Page {
  readonly sent: string[] = []
  readonly wire = new Wire()
  private readonly make: () => ChatClient
  chat: ChatClient
  reloads = 0

  constructor(url: string, token: string, id: string) {
    this.make = () => {
      const { transport } = this.wire
      const device = { id, platform: "web" } as const
      const made = new ChatClient({ url, token, device, transport, timeoutMs: 10_000 })
      made.on("connection", ({ phase }) => phase === "waiting" && made.reconnectNow())
      return made.start()
    }
    this.chat = this.make()
  }

  reload(): void {
    this.reloads += 1
    this.chat.close()
    this.chat = this.make()
  }
}

const script = JSON.parse(process.argv[2] ?? "{}") as Script
const random = numbersFrom(script.seed)

function any<T>(list: readonly T[]): T {
  return list[random(list.length)] as T
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function eventually(what: () => unknown, why: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  while (!what()) {
    assert.ok(Date.now() < deadline, `it did not come true: ${why}`)
    await pause(10)
  }
}

/** A change may be refused, or nobody knows what came of it. */
async function attempt(what: Promise<unknown>): Promise<void> {
  await what.catch((error) => {
    if (!(error instanceof ChatRefused || error instanceof ChatTimeout)) throw error
  })
}

function act(page: Page, id: string, step: number): void {
  const { chat } = page
  const mine = chat.thread(id)?.messages.filter(({ seq, mine }) => seq && mine) ?? []
  const seq = mine.length > 0 ? any(mine).seq : null
  switch (random(10)) {
    case 0:
      return page.wire.cut()
    case 1:
      page.wire.deafen()
      return void setTimeout(() => page.wire.cut(), 20)
    case 2:
      write(page, id, `last before the reload ${step}`)
      return void setTimeout(() => page.reload(), 5)
    case 3:
      return void (seq && attempt(chat.edit(id, seq, `edited ${step}`)))
    case 4:
      return void (seq && attempt(chat.react(id, seq, "👍")))
    case 5:
      chat.loadOlder(id)
      return chat.read(id)
    default:
      return write(page, id, `text ${step}`)
  }
}

function write(page: Page, id: string, text: string): void {
  page.sent.push(page.chat.send(id, text).clientId)
}

/** Everything, as the server tells it to who has nothing. */
async function logOf(chat: ChatClient, conversation: string): Promise<Message[]> {
  const all: Message[] = []
  let more = true
  while (more) {
    const after = all.at(-1)?.seq ?? 0
    const page = await chat.call("history.get", { conversation, after })
    all.push(...page.messages)
    more = page.more
  }
  return all
}

async function scrollUp(chat: ChatClient, id: string): Promise<void> {
  await eventually(() => {
    chat.loadOlder(id)
    return chat.thread(id)?.isComplete
  }, "everything is loaded")
}

async function compare(pages: Page[], id: string): Promise<Message[]> {
  const [first] = pages as [Page]
  const log = await logOf(first.chat, id)
  for (const { chat } of pages) {
    await scrollUp(chat, id)
    const same = () => {
      const shown = [...(chat.conversation(id)?.log.after() ?? [])]
      return JSON.stringify(shown.map(bare)) === JSON.stringify(log.map(bare))
    }
    await eventually(same, "a page shows what the server has")
    assert.equal(chat.pending(id).length, 0)
    const keys = chat.thread(id)?.messages.map(({ key }) => key)
    assert.equal(new Set(keys).size, keys?.length)
  }
  return log
}

function bare({ seq, client_id, body, reactions, mod = 0, edits = 0 }: Message): object {
  return { seq, client_id, body, mod, edits, reactions: reactions ?? {} }
}

function checkOrder(page: Page, log: Message[]): void {
  const stored = log.map(({ client_id }) => client_id).filter((one) => page.sent.includes(one))
  assert.deepEqual(stored, page.sent, "every message is there once, in its order")
}

async function play(): Promise<object> {
  const { url, tokens, steps } = script
  const [mei = "", lin = ""] = Object.keys(tokens)
  const at = (user: string, device: string) => new Page(url, tokens[user] ?? "", device)
  const devices = [`${mei}-phone`, `${mei}-desktop`, `${mei}-desktop`]
  const pages = [...devices.map((device) => at(mei, device)), at(lin, `${lin}-till`)]
  for (const { chat } of pages) await chat.ready(PATIENCE_MS)
  const id = await (pages[0] as Page).chat.open(lin)
  for (let step = 0; step < steps; step++) {
    act(any(pages), id, step)
    await pause(random(15))
  }
  await pause(50) // the last reloads and cuts have begun
  for (const page of pages) {
    await page.chat.ready(PATIENCE_MS)
    await page.chat.drained()
  }
  const log = await compare(pages, id)
  for (const page of pages) checkOrder(page, log)
  for (const { chat } of pages) chat.read(id)
  await eventually(() => pages.every(({ chat }) => chat.badge.unread === 0), "all is read")
  for (const { chat } of pages) chat.close()
  const sum = (list: number[]) => list.reduce((one, other) => one + other, 0)
  return {
    messages: log.length,
    cuts: sum(pages.map(({ wire }) => wire.cuts)),
    reloads: sum(pages.map(({ reloads }) => reloads)),
  }
}

console.log(JSON.stringify(await play()))
