// What I have not read in one conversation, counted as the server counts it.
//
// Unread are the messages above my read position that are not mine, neither recalled nor deleted by
// me, and no notes of the system. Where everything above the position is held they are counted;
// where not, the server's number is carried on, plus what was added since.

import type { Log } from "./log.ts"
import { countsFor, mentions } from "./message.ts"
import type { ConversationView, Message } from "./protocol.ts"

/** My read position, and the numbers above it. */
export class Tally {
  read: number
  floor = 0 // up to here nothing counts, read or not
  unread: number
  mentions: number
  private readonly me: string
  private countedTo: number

  /** The server's numbers, as of the view's head. */
  constructor(view: ConversationView, me: string) {
    this.me = me
    this.read = view.read
    this.unread = view.unread
    this.mentions = view.mentions
    this.countedTo = view.head.seq
  }

  /** Whether everything that can be unread is held. */
  isExact(log: Log): boolean {
    return log.first <= Math.max(this.read, this.floor) + 1 && log.last >= this.countedTo
  }

  /** Messages now stand at the end of the log. */
  add(messages: readonly Message[], log: Log): void {
    const counted = messages.some((message) => message.seq <= this.countedTo)
    for (const message of messages) {
      if (message.seq > this.countedTo) {
        this.countedTo = message.seq
        this.count(message)
      }
    }
    if (counted) this.recount(log) // the server's number knew some of them
  }

  /** Count again, where that is possible. */
  recount(log: Log): void {
    if (!this.isExact(log)) return
    this.countedTo = Math.max(this.countedTo, log.last)
    this.unread = this.mentions = 0
    for (const message of log.after(this.read)) this.count(message)
  }

  /** The server's numbers, plus what was stored after they were taken. */
  take(view: ConversationView, log: Log): void {
    if (view.read >= this.read) {
      this.read = view.read
      this.unread = view.unread
      this.mentions = view.mentions
      this.countedTo = Math.max(view.head.seq, log.last)
      for (const message of log.after(view.head.seq)) this.count(message)
    }
    this.recount(log)
  }

  /** The log was dropped: the next numbers of the server are taken as they are. */
  startOver(): void {
    this.countedTo = 0
  }

  private count(message: Message): void {
    const above = message.seq > Math.max(this.read, this.floor)
    if (above && countsFor(message, this.me)) {
      this.unread += 1
      if (mentions(message, this.me)) this.mentions += 1
    }
  }
}
