// Several tabs of one device: one of them leads. It holds the connection and tells the others, in
// order, everything that happened, so that all know the same. A Web Lock chooses it, and another one
// as soon as it is gone; where there are no locks, or a frame of another site is denied them, each
// tab is alone.

import type { PlainError } from "./errors.ts"
import type { Input } from "./input.ts"
import type { Calls } from "./protocol.ts"
import type { State } from "./state.ts"

/** What a tab that does not lead wants the leader to do. */
export type Deed =
  | { do: "take"; input: Input }
  | { do: "read"; conversation: string; seq: number }
  | { do: "typing"; conversation: string; on: boolean }
  | { do: "hurry" }

/** What tabs say to each other. `at` numbers the inputs of one leader. */
export type Note =
  | { note: "lead" } // who leads now
  | { note: "here" } // the leader has heard
  | { note: "hello" } // tell me the state
  | { note: "state"; leader: string; at: number; state: State }
  | { note: "input"; leader: string; at: number; input: Input }
  | { note: "deed"; deed: Deed }
  | { note: "call"; from: string; id: number; name: keyof Calls; fields: object }
  | { note: "answer"; to: string; id: number; answer?: object; error?: PlainError }

/** Who is told about the tabs. */
export interface TabsListener {
  /** This tab leads from now on. */
  onLead(): void
  /** Another tab took the lead from this one, which did not answer. */
  onLost(): void
  /** Another tab said something. */
  onNote(note: Note): void
}

const ABORTED = "AbortError"

/** This tab among the others. */
export class Tabs {
  private readonly name: string
  private readonly listener: TabsListener
  private channel: BroadcastChannel | null = null
  private waiting: AbortController | null = null // for the lead
  private isClosed = false
  private release: () => void = () => {}

  /** Not among them before `start`; tabs with the same name belong together. */
  constructor(name: string, isShared: boolean, listener: TabsListener) {
    this.name = name
    this.listener = listener
    if (isShared && canShare()) {
      this.channel = new BroadcastChannel(name)
      this.channel.onmessage = ({ data }: MessageEvent<Note>) => listener.onNote(data)
    }
  }

  /** Whether there may be others. */
  get isShared(): boolean {
    return this.channel !== null
  }

  /** Wait for the lead. */
  start(): void {
    if (this.channel === null) {
      this.listener.onLead()
      return
    }
    this.post({ note: "hello" })
    this.request({})
  }

  /** Take the lead from a tab that does not answer: browsers freeze pages that nobody sees. */
  seize(): void {
    if (this.waiting === null || this.isClosed) return
    this.waiting.abort()
    this.request({ steal: true })
  }

  /** Say something to all other tabs. */
  post(note: Note): void {
    if (!this.isClosed) this.channel?.postMessage(note)
  }

  /** Leave; another tab may lead. */
  close(): void {
    this.isClosed = true
    this.waiting?.abort()
    this.release()
    this.channel?.close()
  }

  private request(options: LockOptions): void {
    const waiting = new AbortController()
    this.waiting = waiting
    let isLeading = false
    const lead = () => {
      return new Promise<void>((resolve) => {
        this.release = resolve
        isLeading = !this.isClosed && this.waiting === waiting
        if (isLeading) this.listener.onLead()
        else resolve()
      })
    }
    const all = options.steal ? options : { signal: waiting.signal }
    navigator.locks.request(this.name, all, lead).catch((error: Error) => {
      if (this.isClosed) return
      if (isLeading) {
        this.listener.onLost()
        this.request({})
      } else if (error.name !== ABORTED) this.beAlone() // else it only waited
    })
  }

  private beAlone(): void {
    this.waiting = null
    this.channel?.close()
    this.channel = null
    this.listener.onLead()
  }
}

function canShare(): boolean {
  const { navigator, BroadcastChannel } = globalThis
  return navigator?.locks !== undefined && BroadcastChannel !== undefined
}
