// One state for all tabs of a device: the leading tab drives it, the others follow.

import type { Address } from "./connection.ts"
import { Driver } from "./driver.ts"
import { ChatDisconnected, ChatTimeout, plainError, revivedError } from "./errors.ts"
import { type Effect, type Told, tell } from "./events.ts"
import type { Input } from "./input.ts"
import { type HistoryStore, Keeper } from "./kept.ts"
import { newClientId, type Pending, type Refusal } from "./outbox.ts"
import type { Calls } from "./protocol.ts"
import { State } from "./state.ts"
import { bestStore, type OutboxStore } from "./store.ts"
import { type Deed, type Note, Tabs } from "./tabs.ts"
import { type Deferred, deferred, within } from "./waiting.ts"

const LOAD_MS = 3000 // a store that takes longer is not waited for
const FROZEN_MS = 5000 // a leading tab that says nothing for so long has no say

const LOGGED_OUT = ["unauthorized", "kicked"]
const LASTING = new Set(["message", "change", "history", "conversation", "read", "delivered"])

/** How a shared state is made. */
export interface SharedOptions extends Address {
  outbox?: OutboxStore
  history?: HistoryStore
  shareTabs?: boolean
}

/** Who is told what happens to it. */
export interface SharedListener {
  tell(told: Told): void
  /** Anything may be another now: the state came from another tab, or names did. */
  renewed(): void
  sent(clientId: string, answer: Calls["message.send"]["answer"]): void
  failed(clientId: string, error: Refusal): void
}

/** The state, and the ways in which it moves. */
export class Shared {
  state = new State()
  private readonly options: SharedOptions
  private readonly listener: SharedListener
  private readonly store: OutboxStore
  private readonly keeper: Keeper | null
  private readonly tabs: Tabs
  private readonly id = newClientId()
  private readonly written = new Map<string, Pending>() // by this tab, not known to be stored
  private readonly asked = new Map<number, Deferred<object>>()
  private driver: Driver | null = null
  private early: Deed[] | null = null // what is to be done as soon as this tab leads
  private leader = "" // whose inputs these are
  private at = 0
  private expecting: ReturnType<typeof setTimeout> | undefined // to hear of the leader
  private joined = deferred<void>() // this tab leads, or knows who does
  private isFollowed = false
  private isClosed = false

  constructor(options: SharedOptions, listener: SharedListener) {
    const { url, device, outbox, history, shareTabs = true } = options
    this.options = options
    this.listener = listener
    this.store = outbox ?? bestStore(device.id)
    this.keeper = history ? new Keeper(history, () => this.state) : null
    this.tabs = new Tabs(`chatserver ${url} ${device.id}`, shareTabs, {
      onLead: () => void this.lead(),
      onLost: () => this.lose(),
      onNote: (note) => this.onNote(note),
    })
  }

  /** Come among the tabs: lead, or follow. */
  start(): void {
    this.tabs.start()
    this.expectLeader()
  }

  /** Leave them. */
  close(): void {
    if (this.leader !== "") this.front(null)
    this.isClosed = true
    clearTimeout(this.expecting)
    this.joined.resolve()
    this.driver?.close()
    this.tabs.close()
    for (const call of this.asked.values()) call.reject(new ChatDisconnected())
  }

  /** Make a call, through the leading tab. */
  async call<Name extends keyof Calls>(
    name: Name,
    fields: Calls[Name]["fields"],
  ): Promise<Calls[Name]["answer"]> {
    if (this.leader === "") await within(this.joined.promise, this.options.timeoutMs)
    if (this.isClosed) throw new ChatDisconnected("The client is closed")
    if (this.driver) return this.driver.call(name, fields)
    const id = nextCall()
    const answer = deferred<object>()
    this.asked.set(id, answer)
    this.tabs.post({ note: "call", from: this.id, id, name, fields })
    this.expectLeader()
    await within(
      answer.promise.catch(() => {}),
      2 * this.options.timeoutMs,
    )
    this.asked.delete(id)
    answer.reject(new ChatTimeout(`No answer to ${name} from the leading tab`))
    return (await answer.promise) as Calls[Name]["answer"]
  }

  /** A message was written in this tab. */
  write(pending: Pending): void {
    this.written.set(pending.draft.client_id, pending)
    void this.keep(pending)
    if (!this.driver) this.apply({ on: "pending", pending }) // shown at once
    this.change({ on: "pending", pending })
  }

  /** What was written here and is not known to be stored, once more: a new leader may have missed
   * it. One it knows stays as it is, one that was stored is found to be a duplicate. */
  private rewrite(): void {
    for (const written of this.written.values()) {
      const pending = { ...written, tried: true }
      this.apply({ on: "pending", pending })
      this.change({ on: "pending", pending })
    }
  }

  /** Whether this tab is in the foreground; with null nobody says so any more. */
  front(isFront: boolean | null): void {
    this.change({ on: "foreground", tab: this.id, isFront })
    if (!isFront) this.keeper?.save()
  }

  /** Change the state of all tabs. */
  change(input: Input): void {
    this.deed({ do: "take", input })
  }

  /** Have the leading tab do something. */
  deed(deed: Deed): void {
    if (this.isClosed) return
    if (this.driver) this.carryOut(this.driver, deed)
    else if (this.early) this.early.push(deed)
    else {
      if (this.leader !== "") this.tabs.post({ note: "deed", deed })
      else void this.joined.promise.then(() => this.deed(deed)) // nobody would hear it yet
      this.expectLeader()
    }
  }

  // ---- leading ----------------------------------------------------------------------------------

  private async lead(): Promise<void> {
    const early: Deed[] = []
    this.early = early
    this.heardLeader()
    const unsent = this.store.load().then((all) => all, noStore)
    const kept = this.keeper?.load() ?? Promise.resolve(null)
    await within(Promise.all([unsent, kept]), LOAD_MS)
    if (this.isClosed || this.early !== early) return // it was taken away meanwhile
    this.leader = this.id
    this.driver = new Driver({
      address: this.options,
      state: () => this.state,
      drive: (input) => this.drive(input),
    })
    this.tabs.post({ note: "lead" })
    for (const call of this.asked.values()) call.reject(new ChatDisconnected())
    void kept.then((all) => all && this.drive({ on: "kept", kept: all }))
    void unsent.then((all) => {
      for (const pending of all) this.drive({ on: "pending", pending: { ...pending, tried: true } })
    })
    this.driver.start()
    for (const deed of early) this.deed(deed)
    this.joined.resolve()
  }

  /** Another tab took the lead: follow it. */
  private lose(): void {
    this.driver?.close()
    this.driver = null
    this.early = null
    this.leader = ""
    this.joined = deferred<void>()
    this.tabs.post({ note: "hello" })
    this.expectLeader()
  }

  private drive(input: Input): void {
    this.at += 1
    if (this.isFollowed) {
      this.tabs.post({ note: "input", leader: this.id, at: this.at, input })
    }
    this.apply(input)
    this.persist(input)
  }

  private carryOut(driver: Driver, deed: Deed): void {
    switch (deed.do) {
      case "take":
        return this.drive(deed.input)
      case "read":
        return driver.sender.markRead(deed.conversation, deed.seq)
      case "typing":
        return driver.sender.noteTyping(deed.conversation, deed.on)
      case "hurry":
        return driver.hurry()
    }
  }

  /** Keep what must outlive the page, and no more. */
  private persist(input: Input): void {
    if (input.on === "sent") void this.store.remove(input.draft.client_id).catch(noStore)
    if (input.on === "discard") void this.store.remove(input.clientId).catch(noStore)
    if (input.on === "failed" || input.on === "retry" || input.on === "uploaded") {
      const pending = this.state.outbox.get(input.clientId)
      if (pending) void this.keep(pending)
    }
  }

  private keep(pending: Pending): Promise<unknown> {
    return this.store.put(pending).catch(noStore)
  }

  // ---- following --------------------------------------------------------------------------------

  private onNote(note: Note): void {
    if (this.isClosed) return
    if (this.driver) this.onFollower(this.driver, note)
    else this.onLeader(note)
  }

  private onFollower(driver: Driver, note: Note): void {
    if (note.note === "hello") {
      this.isFollowed = true
      this.tabs.post({ note: "state", leader: this.id, at: this.at, state: this.state })
    } else if (note.note === "deed") {
      this.tabs.post({ note: "here" })
      this.carryOut(driver, note.deed)
    } else if (note.note === "call") {
      this.tabs.post({ note: "here" })
      void this.answer(driver, note)
    }
  }

  private async answer(driver: Driver, note: Extract<Note, { note: "call" }>): Promise<void> {
    const { from: to, id, name, fields } = note
    try {
      const answer = await driver.call(name, fields as never)
      this.tabs.post({ note: "answer", to, id, answer })
    } catch (error) {
      this.tabs.post({ note: "answer", to, id, error: plainError(error) })
    }
  }

  private onLeader(note: Note): void {
    const isAsked = note.note === "hello" || note.note === "deed" || note.note === "call"
    if (!isAsked) this.heardLeader()
    else if (this.early) this.tabs.post({ note: "here" })
    switch (note.note) {
      case "lead":
        for (const call of this.asked.values()) call.reject(new ChatDisconnected())
        this.tabs.post({ note: "hello" })
        return this.rewrite()
      case "deed":
        return void this.early?.push(note.deed)
      case "state":
        return this.adopt(note)
      case "input":
        return this.follow(note)
      case "answer":
        if (note.to !== this.id) return
        if (note.error) this.asked.get(note.id)?.reject(revivedError(note.error))
        else this.asked.get(note.id)?.resolve(note.answer ?? {})
    }
  }

  /** A page that nobody sees may be frozen: if it leads and says nothing, this one does. */
  private expectLeader(): void {
    if (this.driver || this.early || this.isClosed) return
    this.expecting ??= setTimeout(() => this.tabs.seize(), FROZEN_MS)
  }

  private heardLeader(): void {
    clearTimeout(this.expecting)
    this.expecting = undefined
  }

  private follow({ leader, at, input }: Extract<Note, { note: "input" }>): void {
    if (leader !== this.leader) return // its state is on the way
    if (at > this.at + 1) this.tabs.post({ note: "hello" })
    if (at !== this.at + 1) return
    this.at = at
    this.apply(input)
  }

  private adopt({ leader, at, state }: Extract<Note, { note: "state" }>): void {
    if (leader === this.leader && at <= this.at) return
    this.leader = leader
    this.at = at
    this.state = State.revived(state)
    this.rewrite()
    this.joined.resolve()
    this.listener.renewed()
    for (const told of everything(this.state)) this.listener.tell(told)
  }

  // ---- both -------------------------------------------------------------------------------------

  private apply(input: Input): void {
    const { user } = this.state
    const effects = this.state.take(input)
    if (user !== "" && user !== this.state.user) this.keeper?.clear() // that was somebody else's
    if (input.on === "names" || user !== this.state.user) this.listener.renewed()
    if (input.on === "sent") {
      this.written.delete(input.draft.client_id)
      this.listener.sent(input.draft.client_id, input.answer)
    }
    if (input.on === "failed" || input.on === "discard") this.written.delete(input.clientId)
    if (input.on === "failed") this.listener.failed(input.clientId, input.error)
    if (input.on === "foreground") this.driver?.tellForeground()
    if (input.on === "pending") this.driver?.sender.wrote(input.pending.draft.conversation)
    for (const effect of effects) this.follows(effect)
    if (this.driver && this.keeper && input.on !== "kept") this.keepHistory(this.keeper, effects)
    this.driver?.sender.wake()
  }

  private keepHistory(keeper: Keeper, effects: Effect[]): void {
    for (const effect of effects) {
      if (!("tell" in effect)) continue
      const { tell: told, data } = effect
      const isLoggedOut = told === "connection" && LOGGED_OUT.includes(data.code ?? "")
      if (isLoggedOut) keeper.clear()
      else if (LASTING.has(told)) keeper.note((data as { conversation: string }).conversation)
    }
  }

  private follows(effect: Effect): void {
    if ("tell" in effect) this.listener.tell(effect)
    else this.driver?.fetch(effect)
  }
}

/** The events after which an application has read everything anew. */
function everything(state: State): Told[] {
  const ids = [...state.conversations.keys()]
  return [
    tell("connection", state.phase),
    ...ids.flatMap((conversation) => [
      tell("conversation", { conversation }),
      tell("history", { conversation }),
    ]),
    tell("badge", state.badge),
    tell("desk", {}),
  ]
}

let calls = 0

function nextCall(): number {
  calls += 1
  return calls
}

/** Without a store messages are kept as long as the page lives. */
function noStore(): [] {
  return []
}
