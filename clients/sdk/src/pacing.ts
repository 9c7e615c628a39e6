// When to do what: waiting longer after each failure, and not telling the server too often.
// Without timers: told the time, in milliseconds, it says what is due.

const MARKS_PER_SECOND = 3
const TYPING_MS = 2000

/** Waits that double up to a top, each drawn from its upper half so that clients spread. */
export class Backoff {
  private readonly baseMs: number
  private readonly topMs: number
  private failures = 0

  constructor(baseMs: number, topMs: number) {
    this.baseMs = baseMs
    this.topMs = topMs
  }

  /** How long to wait after one more failure. */
  next(): number {
    const longest = Math.min(this.topMs, this.baseMs * 2 ** Math.min(this.failures++, 30))
    return longest * (0.5 + Math.random() / 2)
  }

  /** It worked. */
  reset(): void {
    this.failures = 0
  }
}

/** Read positions to be told: gathered, never going back, at most three a second. */
export class ReadMarks {
  private readonly wanted = new Map<string, number>()
  private readonly told = new Map<string, number>()
  private times: number[] = []

  /** I have read up to `seq`. */
  want(conversation: string, seq: number): void {
    const known = Math.max(this.told.get(conversation) ?? 0, this.wanted.get(conversation) ?? 0)
    if (seq > known) this.wanted.set(conversation, seq)
  }

  /** The marks to send now. */
  due(now: number): [string, number][] {
    const due: [string, number][] = []
    for (const [conversation, seq] of this.wanted) {
      if (this.freeAt() > now) break
      this.wanted.delete(conversation)
      this.told.set(conversation, seq)
      this.times = [...this.times, now].slice(-MARKS_PER_SECOND)
      due.push([conversation, seq])
    }
    return due
  }

  /** When the next mark may be sent. */
  wakeAt(): number {
    return this.wanted.size > 0 ? this.freeAt() : Number.POSITIVE_INFINITY
  }

  /** The mark did not arrive, or nobody knows. */
  again(conversation: string, seq: number): void {
    if (this.told.get(conversation) !== seq) return
    this.told.delete(conversation)
    this.want(conversation, seq)
  }

  private freeAt(): number {
    return this.times.length === MARKS_PER_SECOND ? (this.times[0] ?? 0) + 1000 : 0
  }
}

/** Whether I am typing: renewed at most every two seconds, and a last word when I stop. */
export class TypingNotes {
  private readonly told = new Map<string, { on: boolean; at: number }>()
  private readonly stopping = new Set<string>()

  /** Whether to tell the server now; a stop that comes too soon becomes due later. */
  note(conversation: string, on: boolean, now: number): boolean {
    const last = this.told.get(conversation) ?? { on: false, at: Number.NEGATIVE_INFINITY }
    const free = now - last.at >= TYPING_MS
    if (on) this.stopping.delete(conversation)
    else if (last.on && !free) this.stopping.add(conversation)
    const tell = free && (on || last.on)
    if (tell) this.told.set(conversation, { on, at: now })
    return tell
  }

  /** Conversations in which the server should hear now that I stopped. */
  due(now: number): string[] {
    const due = [...this.stopping].filter((conversation) => this.freeAt(conversation) <= now)
    for (const conversation of due) {
      this.stopping.delete(conversation)
      this.told.set(conversation, { on: false, at: now })
    }
    return due
  }

  /** A message went out: everybody sees that I stopped. */
  sent(conversation: string): void {
    this.stopping.delete(conversation)
    const last = this.told.get(conversation)
    if (last) this.told.set(conversation, { on: false, at: last.at })
  }

  /** When a stop becomes due. */
  wakeAt(): number {
    return Math.min(...[...this.stopping].map((conversation) => this.freeAt(conversation)))
  }

  private freeAt(conversation: string): number {
    return (this.told.get(conversation)?.at ?? Number.NEGATIVE_INFINITY) + TYPING_MS
  }
}
