// The part of one conversation's log that this device holds: a range without holes.
//
// Messages carry `mod`, the last change applied to them; the log carries `mod`, the last change of
// the conversation it has passed. What arrives beyond a gap waits until the gap is closed. A change
// whose message is not here yet waits for the message, because a page that was asked for before the
// change may arrive after it.

import { apply, blanked, isDeleted } from "./message.ts"
import type { Change, Head, Message, Prefs } from "./protocol.ts"

/** A message as it now stands, and the change that made it so. */
export type Changed = [Message, Change]

export const NO_PREFS: Prefs = {
  mode: "all",
  pinned: false,
  archived: false,
  cleared: 0,
  hidden: [],
}

/** Messages `first` to `last`, and changes up to `mod`; nothing is held while `first > last`. */
export class Log {
  first: number
  last: number
  mod: number
  private my: Prefs
  private readonly held = new Map<number, Message>()
  private ahead = new Map<number, Message>()
  private aheadChanges = new Map<number, Change>()
  private unplaced: Change[] = []

  /** An empty range that ends at `last`. What I deleted for myself (`my`) is held without its
   * content. */
  constructor(last = 0, mod = 0, my: Prefs = NO_PREFS) {
    this.first = last + 1
    this.last = last
    this.mod = mod
    this.my = my
  }

  /** How many messages are held. */
  get size(): number {
    return this.held.size
  }

  /** The last `count` messages as a log of their own, without what waits. */
  latest(count: number): Log {
    const made = new Log(this.last, this.mod, this.my)
    made.first = Math.max(this.first, this.last - count + 1)
    for (const message of this.after(made.first - 1)) made.held.set(message.seq, message)
    return made
  }

  /** Message `seq`, if it is held. */
  get(seq: number): Message | undefined {
    return this.held.get(seq)
  }

  /** The held messages above `seq`, ascending; all of them without it. */
  *after(seq = 0): Generator<Message> {
    for (let at = Math.max(seq + 1, this.first); at <= this.last; at++) {
      const message = this.held.get(at)
      if (message) yield message
    }
  }

  /** The held messages from the end. */
  *newestFirst(): Generator<Message> {
    for (let at = this.last; at >= this.first; at--) {
      const message = this.held.get(at)
      if (message) yield message
    }
  }

  /** Take a message as it happened; gives those that now stand at the end, in order. */
  append(message: Message): Message[] {
    if (message.seq <= this.last) return []
    this.ahead.set(message.seq, this.shown(message))
    return this.drain()
  }

  /** Take a change; gives what it, and those that waited for it, made of held messages. */
  advance(change: Change): Changed[] {
    if (change.mod > this.mod) this.aheadChanges.set(change.mod, change)
    return this.drainChanges()
  }

  /** Take a page that is all there is from `low` to `high`; gives what is new at the end. */
  fill(page: readonly Message[], low: number, high: number): Message[] {
    for (const message of page) this.put(message)
    if (low > this.last + 1 || high < this.first - 1) return this.drain()
    const before = this.last
    this.first = Math.min(this.first, low)
    this.last = Math.max(this.last, high)
    this.takeAhead()
    this.drain()
    return [...this.after(before)]
  }

  /** Take a page that is all changes after `mod` up to `high`. */
  passChanges(changes: readonly Change[], high: number): Changed[] {
    const done: Changed[] = []
    for (const change of changes) {
      if (change.mod > this.mod) {
        this.mod = change.mod - 1
        done.push(...this.advance(change))
      }
    }
    this.mod = Math.max(this.mod, high)
    return [...done, ...this.drainChanges()]
  }

  /** No older page is on its way: changes below the range will come with their messages. */
  forgetUnplaced(): void {
    if (this.unplaced.length > 0) this.unplaced = this.unplaced.filter((c) => c.seq > this.last)
  }

  /** There is nothing below `first` for me any more; whether something was held there. */
  forgetBelow(first: number): boolean {
    const lowest = Math.min(first, this.last + 1)
    const cut = lowest > this.first
    for (; this.first < lowest; this.first++) this.held.delete(this.first)
    return cut
  }

  /** There is nothing above `end` for me: what waits for its gap to close comes to nothing. */
  forgetAhead(end: Head): void {
    this.ahead = new Map([...this.ahead].filter(([seq]) => seq <= end.seq))
    this.aheadChanges = new Map([...this.aheadChanges].filter(([mod]) => mod <= end.mod))
  }

  /** I deleted messages for myself; whether that changes any that is held. */
  hide(my: Prefs): boolean {
    if (my.cleared === this.my.cleared && same(my.hidden, this.my.hidden)) return false
    this.my = my
    let changed = false
    for (const messages of [this.held, this.ahead]) {
      for (const [seq, message] of messages) {
        const shown = this.shown(message)
        changed ||= shown !== message
        messages.set(seq, shown)
      }
    }
    return changed
  }

  /** The message as I see it. */
  shown(message: Message): Message {
    if (!isDeleted(this.my, message.seq)) return message
    const blank = message.deleted === true && Object.keys(message.body).length === 0
    return blank && !message.reactions ? message : blanked(message)
  }

  private put(message: Message): void {
    const known = this.held.get(message.seq) ?? this.ahead.get(message.seq)
    if (known && (known.mod ?? 0) >= (message.mod ?? 0)) return
    let placed = message
    for (const change of this.unplaced) {
      if (change.seq === message.seq) placed = apply(placed, change)
    }
    const inside = this.first <= message.seq && message.seq <= this.last
    const where = inside ? this.held : this.ahead
    where.set(message.seq, this.shown(placed))
  }

  private drain(): Message[] {
    const added: Message[] = []
    for (;;) {
      const message = this.ahead.get(this.last + 1)
      if (!message) return added
      this.ahead.delete(++this.last)
      const placed = this.withUnplaced(message)
      this.held.set(this.last, placed)
      added.push(placed)
    }
  }

  private drainChanges(): Changed[] {
    const done: Changed[] = []
    for (;;) {
      const following = this.aheadChanges.get(this.mod + 1)
      if (!following) return done
      this.aheadChanges.delete(++this.mod)
      const changed = this.apply(following)
      if (changed) done.push([changed, following])
    }
  }

  private takeAhead(): void {
    for (const [seq, message] of [...this.ahead]) {
      if (this.first <= seq && seq <= this.last) {
        this.ahead.delete(seq)
        this.held.set(seq, this.withUnplaced(message))
      }
    }
  }

  private withUnplaced(message: Message): Message {
    if (this.unplaced.length === 0) return this.shown(message)
    let placed = message
    for (const change of this.unplaced) {
      if (change.seq === message.seq) placed = apply(placed, change)
    }
    this.unplaced = this.unplaced.filter((change) => change.seq !== message.seq)
    return this.shown(placed)
  }

  private apply(change: Change): Message | undefined {
    if (change.type === "void") return undefined
    const held = this.held.get(change.seq)
    if (!held) {
      this.unplaced.push(change)
      return undefined
    }
    const changed = apply(held, change)
    if (changed === held) return undefined
    const shown = this.shown(changed)
    this.held.set(change.seq, shown)
    return shown
  }
}

function same(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((seq, at) => seq === other[at])
}
