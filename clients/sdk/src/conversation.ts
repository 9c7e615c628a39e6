// One conversation as this device knows it, without I/O: told events and answers, it says what to
// fetch and what to tell. The server's log is the truth; a live event that does not continue what is
// held starts a fetch and waits.

import { Described, seesAll } from "./described.ts"
import { type Effect, type FetchChanges, type FetchHistory, tell } from "./events.ts"
import type { KeptConversation } from "./kept.ts"
import { type Changed, Log } from "./log.ts"
import { apply } from "./message.ts"
import type { People } from "./people.ts"
import type {
  Calls,
  Change,
  ConversationView,
  Head,
  Message,
  SyncedConversation,
} from "./protocol.ts"
import { Tally } from "./tally.ts"

type Slot = "newer" | "older" | "changes"

/** What is known of a conversation. Applications read it and leave the `on` methods to the client. */
export class Conversation extends Described {
  log: Log
  readonly tally: Tally
  headSeq: number
  headMod: number
  era = 0
  private beyond: Head = { seq: 0, mod: 0 } // heard of while I was not in it
  private toldLast: Message | null = null
  private readonly fetching = new Set<Slot>()

  /** A conversation new to this device: nothing held, the range ends at the server's head. */
  constructor(view: ConversationView, me: string, people: People) {
    super(view, me, people)
    this.tally = new Tally(view, me)
    this.log = new Log(view.head.seq, view.head.mod, view.my)
    this.headSeq = view.head.seq
    this.headMod = view.head.mod
    this.describe(view)
  }

  /** One that came from another tab as plain data. */
  static revived(data: Conversation, people: People): Conversation {
    const made = Object.assign(Object.create(Conversation.prototype), data, { people })
    made.log = Object.assign(new Log(), data.log)
    made.tally = Object.assign(Object.create(Tally.prototype), data.tally)
    return made
  }

  /** Plain data to keep, with the last `count` messages; `revived` makes a conversation of it. */
  kept(count: number): KeptConversation {
    const log = this.log.latest(count)
    const data = { ...(this as Conversation), log, fetching: new Set(), people: null }
    const at = this.last?.at ?? this.createdAt
    return { id: this.id, at, data: structuredClone(data) as unknown as Conversation }
  }

  // ---- what an application reads ----------------------------------------------------------------

  /** The messages held, in order, without numbers that nobody used. */
  get messages(): Message[] {
    return [...this.log.after()].filter((message) => message.kind !== "void")
  }

  /** The latest message, also when the history is not loaded. */
  get last(): Message | null {
    for (const message of this.log.newestFirst()) if (message.kind !== "void") return message
    return this.toldLast?.kind === "void" ? null : this.toldLast
  }

  /** Everything up to this number I have read. */
  get read(): number {
    return this.tally.read
  }

  /** How many messages I have not read; where I am not in it, nothing counts. */
  get unread(): number {
    return this.isIn ? this.tally.unread : 0
  }

  /** How many of the unread messages mention me. */
  get mentions(): number {
    return this.isIn ? this.tally.mentions : 0
  }

  /** Whether everything back to the first message there is for me is loaded. */
  get isComplete(): boolean {
    return this.log.first <= this.firstForMe
  }

  /** Tells how far my message came with all other members, as things stand now. */
  ticks(): (message: Message) => "sent" | "delivered" | "read" {
    const others = this.others
    if (others.length === 0) return () => "sent"
    const read = Math.min(...others.map((who) => who.read))
    const come = Math.min(...others.map((who) => Math.max(who.delivered, who.read)))
    return ({ seq }) => (seq <= read ? "read" : seq <= come ? "delivered" : "sent")
  }

  // ---- what the server told ---------------------------------------------------------------------

  /** The server described the conversation, perhaps a moment ago: nothing goes back. */
  onView(view: ConversationView): Effect[] {
    const anew = this.beginsAnew(view)
    if (anew) this.startOver(view)
    const effects = anew ? [this.afresh()] : []
    return [...effects, ...this.describe(view), ...this.taken(view)]
  }

  /** The answer to what this device was missing; `fresh`: it held nothing before. */
  onSync(told: SyncedConversation, fresh: boolean): Effect[] {
    const anew = !fresh && (told.reset || this.beginsAnew(told))
    if (anew) this.startOver(told)
    const effects = this.describe(told)
    const page = fresh || anew ? this.firstPage(told, fresh) : this.nextPage(told)
    return [...effects, ...page, ...this.taken(told)]
  }

  /** A message was stored: somebody else's, or mine from an acknowledgement. */
  onMessage(message: Message): Effect[] {
    if (!this.isIn && message.seq > this.headSeq) {
      this.beyond = { ...this.beyond, seq: Math.max(message.seq, this.beyond.seq) }
      return [] // it is known anew when I am in again
    }
    this.headSeq = Math.max(this.headSeq, message.seq)
    return [...this.added(this.log.append(message)), ...this.wants()]
  }

  /** A message of mine is stored under `seq`, its content is to be fetched. */
  onStored(seq: number): Effect[] {
    this.headSeq = Math.max(this.headSeq, seq)
    return this.wants()
  }

  /** A message was changed. */
  onChange(change: Change): Effect[] {
    if (!this.isIn && change.mod > this.headMod) {
      this.beyond = { ...this.beyond, mod: Math.max(change.mod, this.beyond.mod) }
      return []
    }
    this.headMod = Math.max(this.headMod, change.mod)
    if (this.toldLast?.seq === change.seq && change.type !== "void") {
      this.toldLast = this.log.shown(apply(this.toldLast, change))
    }
    return [...this.changed(this.log.advance(change), [change]), ...this.wants()]
  }

  /** A change of mine is number `mod`; its content comes as an event or is fetched. */
  onDone(mod: number): Effect[] {
    this.headMod = Math.max(this.headMod, mod)
    return this.wants()
  }

  /** A member has read up to `seq`. */
  onRead(user: string, seq: number): Effect[] {
    const member = this.members.get(user)
    const known = user === this.me ? this.read : (member?.read ?? (this.room ? 0 : seq))
    if (seq <= known) return []
    if (member) {
      const delivered = Math.max(seq, member.delivered)
      this.members.set(user, { ...member, read: Math.max(seq, member.read), delivered })
    }
    const moved = tell("read", { conversation: this.id, user, seq })
    return user === this.me ? [moved, ...this.readTo(seq)] : [moved]
  }

  /** A device of a member has everything up to `seq`. */
  onDelivered(user: string, seq: number): Effect[] {
    const member = this.members.get(user)
    if (!member || seq <= member.delivered) return []
    this.members.set(user, { ...member, delivered: seq })
    return [tell("delivered", { conversation: this.id, user, seq })]
  }

  /** The server's answer to my read mark. */
  onReadMarked(read: number, unread: number): Effect[] {
    const effects = this.onRead(this.me, read)
    if (!this.tally.isExact(this.log) && read >= this.read) this.tally.unread = unread
    return effects
  }

  // ---- fetching ---------------------------------------------------------------------------------

  /** What is to be fetched to close known gaps, unless it is on its way. */
  wants(): Effect[] {
    const { id: conversation, era, log } = this
    const wanted: Effect[] = []
    if (log.last < this.headSeq && !this.fetching.has("newer")) {
      this.fetching.add("newer")
      wanted.push({ fetch: "history", conversation, era, after: log.last })
    }
    if (log.mod < this.headMod && !this.fetching.has("changes")) {
      this.fetching.add("changes")
      wanted.push({ fetch: "changes", conversation, era, after: log.mod })
    }
    return wanted
  }

  /** The page before the first message held, unless there is none or it is on its way. */
  older(): Effect[] {
    if (this.isComplete || this.fetching.has("older")) return []
    this.fetching.add("older")
    return [{ fetch: "history", conversation: this.id, era: this.era, before: this.log.first }]
  }

  /** The answer to a fetch of messages. */
  onHistory(asked: FetchHistory, page: Calls["history.get"]["answer"]): Effect[] {
    if (asked.era !== this.era) return []
    this.fetching.delete(slotOf(asked))
    const before = this.log.last
    const older = asked.before !== undefined
    const effects = older
      ? this.olderPage(asked.before ?? 1, page)
      : this.newerPage(asked.after ?? 0, page.messages)
    this.settleUnplaced()
    const moved = page.more || this.log.last > before || older
    return moved ? [...effects, ...this.wants()] : effects
  }

  /** The answer to a fetch of changes. */
  onChanges(asked: FetchChanges, page: Calls["changes.get"]["answer"]): Effect[] {
    if (asked.era !== this.era) return []
    this.fetching.delete("changes")
    const before = this.log.mod
    const high = page.changes.at(-1)?.mod ?? asked.after
    const effects = this.changed(this.log.passChanges(page.changes, high), page.changes)
    return page.more || this.log.mod > before ? [...effects, ...this.wants()] : effects
  }

  /** The fetch came to nothing; the next event or sync tries again. */
  onFetchFailed(asked: FetchHistory | FetchChanges): void {
    if (asked.era === this.era) this.fetching.delete(slotOf(asked))
  }

  /** Nothing is on its way any more. */
  onDisconnected(): void {
    this.fetching.clear()
    this.log.forgetUnplaced()
  }

  /** Find out who these people of a room are, unless that is known. */
  askFor(users: Iterable<string>): Effect[] {
    if (this.room === null || !this.isIn) return []
    const unknown = this.people.toAsk(this.id, users)
    return unknown.length > 0 ? [{ fetch: "names", conversation: this.id, users: unknown }] : []
  }

  // ---- inside -----------------------------------------------------------------------------------

  /** Whether what is held is no part of what there is for me now. Who is in again may not go on
   * where they went: messages changed after their time were shown to them without their content.
   * Who looked on saw all of it. */
  private beginsAnew(view: ConversationView): boolean {
    if (this.isLate(view)) return false
    const isOpen = seesAll(view.me)
    const moved = view.head.seq !== this.headSeq || view.head.mod !== this.headMod
    if (!this.seesAll && (isOpen || moved)) return true
    const beyond = this.log.last > view.head.seq || this.log.mod > view.head.mod
    return view.me.first > this.log.last + 1 || (beyond && !isOpen)
  }

  private startOver(view: ConversationView): void {
    const isIn = seesAll(view.me)
    this.era += 1
    this.fetching.clear()
    this.log = new Log(view.head.seq, view.head.mod, this.my)
    this.headSeq = Math.max(view.head.seq, isIn ? this.beyond.seq : 0)
    this.headMod = Math.max(view.head.mod, isIn ? this.beyond.mod : 0)
    this.beyond = { seq: 0, mod: 0 }
    this.toldLast = null
    this.tally.startOver()
  }

  /** The last page, if that is what was sent; a page from the beginning waits for later. */
  private firstPage(told: SyncedConversation, fresh: boolean): Effect[] {
    const [first, last] = [told.messages[0], told.messages.at(-1)]
    if (first && last && last.seq >= told.head.seq) {
      const low = fresh && !told.more ? this.firstForMe : first.seq
      this.log.fill(told.messages, low, last.seq)
    }
    for (const change of told.changes) this.log.advance(change)
    return [this.afresh(), ...this.meet(told.messages)]
  }

  private nextPage(told: SyncedConversation): Effect[] {
    const high = told.messages.at(-1)?.seq ?? this.log.last
    const effects = this.added(this.log.fill(told.messages, this.log.last + 1, high))
    const done = told.changes.flatMap((change) => this.log.advance(change))
    return [...effects, ...this.changed(done, told.changes)]
  }

  private olderPage(before: number, page: Calls["history.get"]["answer"]): Effect[] {
    const end = before - 1
    const low = page.messages[0]?.seq ?? end + 1
    const lowest = page.more ? low : Math.min(this.firstForMe, end + 1)
    const added = this.added(this.log.fill(page.messages, lowest, end))
    this.tally.recount(this.log)
    return [...added, this.afresh(), ...this.meet(page.messages)]
  }

  private newerPage(after: number, messages: Message[]): Effect[] {
    const high = messages.at(-1)?.seq ?? after
    return this.added(this.log.fill(messages, after + 1, high))
  }

  private describe(view: ConversationView): Effect[] {
    this.replace(view)
    this.tally.floor = Math.max(this.my.cleared, this.firstForMe - 1)
    if (this.seesAll || this.isLate(view)) {
      this.headSeq = Math.max(this.headSeq, view.head.seq)
      this.headMod = Math.max(this.headMod, view.head.mod)
    } else {
      // my time in it has an end, and that is it
      this.headSeq = view.head.seq
      this.headMod = view.head.mod
      this.log.forgetAhead(view.head)
    }
    if (view.last && view.last.seq >= (this.toldLast?.seq ?? 0)) this.toldLast = view.last
    const cut = this.log.forgetBelow(this.firstForMe)
    const hidden = this.log.hide(this.my)
    return cut || hidden ? [this.afresh()] : []
  }

  /** What follows when a description and what came with it are taken in. */
  private taken(view: ConversationView): Effect[] {
    this.tally.take(view, this.log)
    return [this.updated(), ...this.meet(view.last ? [view.last] : []), ...this.wants()]
  }

  /** Messages stand at the end: they count, and their senders have read them. */
  private added(added: Message[]): Effect[] {
    if (added.length === 0) return []
    this.tally.add(added, this.log)
    const effects: Effect[] = []
    for (const message of added) {
      if (message.kind === "void") continue
      effects.push(tell("message", { conversation: this.id, message }))
      effects.push(...this.onRead(message.sender, message.seq))
    }
    return [...effects, this.updated(), ...this.meet(added)]
  }

  /** Those who wrote these messages, are mentioned in them or reacted to them are to have names. */
  private meet(messages: readonly Message[]): Effect[] {
    const users = new Set<string>()
    for (const message of messages) {
      this.people.learnFrom(message)
      users.add(message.sender)
      for (const user of message.mentions ?? []) users.add(user)
      for (const them of Object.values(message.reactions ?? {})) {
        for (const user of them) users.add(user)
      }
    }
    return this.askFor(users)
  }

  private changed(done: Changed[], told: readonly Change[]): Effect[] {
    this.settleUnplaced()
    const conversation = this.id
    const effects = done.map(([message, change]): Effect => {
      return tell("change", { conversation, message, change })
    })
    const recalled = told.some((change) => change.type === "recall" && change.seq > this.read)
    const counted = recalled ? this.countAgain() : []
    return [...effects, ...this.askFor(done.map(([, change]) => change.by)), ...counted]
  }

  private settleUnplaced(): void {
    if (!this.fetching.has("newer") && !this.fetching.has("older")) this.log.forgetUnplaced()
  }

  private readTo(seq: number): Effect[] {
    this.tally.read = seq
    return this.countAgain()
  }

  /** Count, or where not all is held, ask the server. */
  private countAgain(): Effect[] {
    this.tally.recount(this.log)
    const ask: Effect = { fetch: "conversation", conversation: this.id }
    return this.tally.isExact(this.log) ? [this.updated()] : [this.updated(), ask]
  }

  private updated(): Effect {
    return tell("conversation", { conversation: this.id })
  }

  private afresh(): Effect {
    return tell("history", { conversation: this.id })
  }
}

function slotOf(asked: FetchHistory | FetchChanges): Slot {
  if (asked.fetch === "changes") return "changes"
  return asked.after !== undefined ? "newer" : "older"
}
