// Whatever is lost, doubled, reordered or late: the client's picture becomes the server's.

import assert from "node:assert/strict"
import test from "node:test"
import type { Fetch } from "../src/events.ts"
import type { Input } from "../src/input.ts"
import { mentions } from "../src/message.ts"
import type { Message } from "../src/protocol.ts"
import { State } from "../src/state.ts"
import { FakeServer } from "./fake-server.ts"
import { numbersFrom } from "./random.ts"

const ME = "mei"
const OTHER = "lin"
const PLAYS = 300
const STEPS = 60

type Asked = { asked: Fetch; fields?: object }

/** The network holds live events and answers; the rules deliver, lose and double them. */
class Play {
  readonly server = new FakeServer()
  readonly talk = this.server.direct(ME, OTHER)
  readonly random: (below: number) => number
  state = new State()
  live: [string, unknown][] = []
  asked: Asked[] = []
  answers: Input[] = []
  shown: number[] = []

  constructor(seed: number) {
    this.random = numbersFrom(seed)
    this.server.listen(ME, (name, data) => this.live.push([name, data]))
    this.ready()
  }

  ready(): void {
    const me = { user: ME, name: ME, role: "customer" } as const
    this.take({ on: "ready", ready: { me, device: "d", time: 0, limits: {}, protocol: 1 } })
  }

  take(input: Input): void {
    const effects = this.state.take(structuredClone(input))
    const afresh = effects.some((effect) => "tell" in effect && effect.tell === "history")
    for (const effect of effects) {
      if ("fetch" in effect) this.ask(effect)
      else if (effect.tell === "message" && !afresh) this.shown.push(effect.data.message.seq)
    }
    if (afresh) this.shown = this.state.conversations.get(this.talk.id)?.messages.map(seqOf) ?? []
  }

  ask(asked: Fetch): void {
    const syncing = (one: { on: string } | Asked) => "on" in one && one.on === "sync"
    const isSyncing =
      this.answers.some(syncing) || this.asked.some((one) => one.asked.fetch === "sync")
    if (asked.fetch !== "sync") this.asked.push({ asked })
    else if (!isSyncing) {
      this.take({ on: "syncing" })
      this.asked.push({ asked, fields: this.state.have() })
    }
  }

  /** The server answers something that was asked. */
  answer({ asked, fields }: Asked): void {
    const conversation = this.talk.id
    const call = (name: string, more: object) => {
      return this.server.answer(ME, name, structuredClone(more) as never) as never
    }
    if (asked.fetch === "sync") this.answers.push({ on: "sync", page: call("sync", fields ?? {}) })
    if (asked.fetch === "conversation") {
      this.answers.push({ on: "view", view: this.talk.view(ME) })
    }
    if (asked.fetch === "history") {
      const page = call("history.get", { before: null, after: null, ...asked })
      this.answers.push({ on: "history", asked, page })
    }
    if (asked.fetch === "changes") {
      const page = call("changes.get", { conversation, after: asked.after })
      this.answers.push({ on: "changes", asked, page })
    }
  }

  step(): void {
    const rules = [this.write, this.write, this.alter, this.readSome, this.hideSome]
    const network = [this.arrive, this.arrive, this.lose, this.reply, this.reply, this.deliver]
    const rare = [this.break, this.older, this.resync, this.reviveElsewhere]
    const all = [...rules, ...network, ...network, ...rare]
    all[this.random(all.length)]?.call(this)
  }

  write(): void {
    const sender = this.random(3) === 0 ? ME : OTHER
    const kind = (["text", "text", "text", "void", "system"] as const)[this.random(5)] ?? "text"
    const mentioned = this.random(3) === 0 && sender === OTHER ? { mentions: [ME] } : {}
    this.server.append(this.talk, sender, { kind, ...mentioned })
  }

  someSeq(): number {
    return 1 + this.random(this.talk.messages.length)
  }

  alter(): void {
    if (this.talk.messages.length === 0) return
    const seq = this.someSeq()
    const message = this.talk.messages[seq - 1] as Message
    if (message.recalled) return
    const kinds = [
      { type: "edit", body: { text: "edited" } },
      { type: "recall" },
      { type: "react", reaction: "👍", on: this.random(2) === 0 },
      { type: "pin", on: this.random(2) === 0 },
    ] as const
    this.server.change(this.talk, seq, message.sender, kinds[this.random(4)] ?? {})
  }

  readSome(): void {
    if (this.talk.messages.length === 0) return
    this.server.markRead(this.talk, this.random(2) === 0 ? ME : OTHER, this.someSeq())
  }

  hideSome(): void {
    if (this.talk.messages.length === 0) return
    this.server.hide(this.talk, ME, this.someSeq(), this.random(3) === 0)
  }

  arrive(): void {
    const at = this.random(Math.min(3, this.live.length))
    const event = this.live[at]
    if (!event) return
    if (this.random(4) > 0) this.live.splice(at, 1)
    this.take({ on: "event", name: event[0], data: event[1], now: 0 })
  }

  lose(): void {
    this.live.shift()
  }

  reply(): void {
    const [asked] = this.asked.splice(this.random(this.asked.length), 1)
    if (asked) this.answer(asked)
  }

  deliver(): void {
    const [answer] = this.answers.splice(this.random(this.answers.length), 1)
    if (answer) this.take(answer)
  }

  break(): void {
    this.asked = []
    this.answers = []
    this.live = []
    this.take({ on: "down" })
    this.ready()
  }

  older(): void {
    this.take({ on: "older", conversation: this.talk.id })
  }

  resync(): void {
    this.ask({ fetch: "sync" })
  }

  /** Another tab takes the whole state over. */
  reviveElsewhere(): void {
    this.state = State.revived(structuredClone(this.state))
  }

  settle(): void {
    for (let turn = 0; turn < 1000; turn++) {
      const answer = this.answers.shift()
      const asked = answer ? undefined : this.asked.shift()
      if (answer) this.take(answer)
      else if (asked) this.answer(asked)
      else return
    }
    assert.fail("the client never stops asking")
  }

  finish(): void {
    for (const [name, data] of this.live) this.take({ on: "event", name, data, now: 0 })
    for (let turn = 0; turn < 2; turn++) {
      this.resync()
      this.settle()
    }
  }

  checkNoGap(): void {
    const sorted = [...new Set(this.shown)].sort((a, b) => a - b)
    assert.deepEqual(this.shown, sorted)
    const low = sorted[0] ?? 0
    for (let seq = low; seq < (sorted.at(-1) ?? 0); seq++) {
      const isVoid = this.talk.messages[seq - 1]?.kind === "void"
      assert.ok(sorted.includes(seq) || isVoid, `${seq} is missing in ${sorted}`)
    }
  }

  checkSame(): void {
    const held = this.state.conversations.get(this.talk.id)
    assert.ok(held)
    const { head } = this.talk
    assert.deepEqual([held.log.last, held.log.mod], [head.seq, head.mod])
    const seen = this.talk.seen(ME).slice(held.log.first - 1)
    assert.deepEqual([...held.log.after()].map(bare), seen.map(bare))
    assert.deepEqual(held.my, this.talk.prefs(ME))
    assert.equal(held.read, this.talk.read.get(ME) ?? 0)
    assert.equal(held.members.get(OTHER)?.read, this.talk.read.get(OTHER) ?? 0)
    const unread = this.talk.unread(ME)
    const counts = { unread: unread.length, mentions: unread.filter((m) => mentions(m, ME)).length }
    assert.deepEqual({ unread: held.unread, mentions: held.mentions }, counts)
    assert.deepEqual(this.state.badge, counts)
  }
}

const seqOf = (message: Message) => message.seq

/** A message without fields that say nothing. */
function bare(message: Message): object {
  const said = Object.entries(message).filter(([, value]) => {
    return value !== undefined && !(typeof value === "object" && Object.keys(value).length === 0)
  })
  return Object.fromEntries(said)
}

test("every play ends with the server's picture, and shows no gap on the way", () => {
  const first = Number(process.env.SEED ?? 1)
  const plays = process.env.SEED ? 1 : PLAYS
  for (let seed = first; seed < first + plays; seed++) {
    const play = new Play(seed)
    try {
      for (let step = 0; step < STEPS; step++) {
        play.step()
        play.checkNoGap()
      }
      play.finish()
      play.checkSame()
    } catch (error) {
      throw new Error(`play ${seed}; again with SEED=${seed}`, { cause: error })
    }
  }
})
