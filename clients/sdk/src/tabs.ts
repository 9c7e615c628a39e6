// Several tabs of one device: one of them leads. It holds the connection and tells the others, in
// order, everything that happened, so that all know the same. A Web Lock chooses it, and another one
// as soon as it is gone; where there are no locks each tab is alone.

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
  /** Another tab said something. */
  onNote(note: Note): void
}

/** This tab among the others. */
export class Tabs {
  private readonly name: string
  private readonly listener: TabsListener
  private readonly channel: BroadcastChannel | null = null
  private readonly closing = new AbortController()
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
    const lead = () => {
      return new Promise<void>((resolve) => {
        this.release = resolve
        if (this.closing.signal.aborted) resolve()
        else this.listener.onLead()
      })
    }
    const { signal } = this.closing
    navigator.locks.request(this.name, { signal }, lead).catch(() => {}) // closed while waiting
  }

  /** Say something to all other tabs. */
  post(note: Note): void {
    if (!this.closing.signal.aborted) this.channel?.postMessage(note)
  }

  /** Leave; another tab may lead. */
  close(): void {
    this.closing.abort()
    this.release()
    this.channel?.close()
  }
}

function canShare(): boolean {
  const { navigator, BroadcastChannel } = globalThis
  return navigator?.locks !== undefined && BroadcastChannel !== undefined
}
