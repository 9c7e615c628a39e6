// What only one of the tabs does: it holds the connection, fetches and sends.

import { type Address, Connection } from "./connection.ts"
import type { ChatRefused } from "./errors.ts"
import type { Connectivity, Fetch } from "./events.ts"
import { Fetcher } from "./fetcher.ts"
import type { Input } from "./input.ts"
import type { Calls, ConversationView, Events } from "./protocol.ts"
import { Sender } from "./sender.ts"
import type { State } from "./state.ts"
import { Uploads } from "./uploads.ts"

const WATCHED_PER_CALL = 200

/** What a driver works on. */
export interface DriverParts {
  address: Address
  state(): State
  /** Something happened: the state of every tab is to take it. */
  drive(input: Input): void
}

/** Keeps the state in step with the server. */
export class Driver {
  private readonly parts: DriverParts
  private readonly connection: Connection
  private readonly fetcher: Fetcher
  private toldFront = true // a new connection counts as in front
  readonly sender: Sender

  constructor(parts: DriverParts) {
    this.parts = parts
    const { drive, state } = parts
    const call = this.call.bind(this)
    this.connection = new Connection(parts.address, {
      onReady: (ready) => this.onReady(ready),
      onEvent: (name, data) => this.onEvent(name, data),
      onDown: () => this.onDown(),
      onPhase: (phase) => drive({ on: "phase", phase }),
    })
    this.fetcher = new Fetcher({
      call,
      drive,
      have: () => state().have(),
      synced: (refused) => this.onSynced(refused),
    })
    this.sender = new Sender({ call, drive, state, uploads: new Uploads(parts) })
  }

  /** Begin to connect, and stay connected from now on. */
  start(): void {
    this.parts.drive({ on: "down" }) // whatever another tab had asked is not answered any more
    void this.connection.run()
  }

  /** Leave. */
  close(): void {
    this.sender.close()
    this.fetcher.stop()
    this.connection.stop("closed", "The client was closed")
  }

  /** Begin to fetch something. */
  fetch(wanted: Fetch): void {
    this.fetcher.fetch(wanted)
  }

  /** Tell whether this device is in the foreground, where that is news. */
  tellForeground(): void {
    const { isFront, isUp } = this.parts.state()
    if (!isUp || isFront === this.toldFront) return
    this.toldFront = isFront
    this.call("device.update", { foreground: isFront }).catch(() => {}) // the next one tells it
  }

  /** Do not wait any longer before the next attempt to connect. */
  hurry(): void {
    this.connection.hurry()
  }

  /** Make a call; what its answer says of the state is taken in. */
  async call<Name extends keyof Calls>(
    name: Name,
    fields: Calls[Name]["fields"],
  ): Promise<Calls[Name]["answer"]> {
    const answer = await this.connection.call(name, fields)
    const input = meaning(name, fields, answer)
    if (input) this.parts.drive(input)
    if (name === "message.delete") {
      // the device that deletes is told nothing
      const { conversation } = fields as Calls["message.delete"]["fields"]
      await this.call("conversation.get", { conversation })
    }
    return answer as Calls[Name]["answer"]
  }

  /** Be told when these people come and go. */
  async watch(users: readonly string[]): Promise<void> {
    for (let at = 0; at < users.length; at += WATCHED_PER_CALL) {
      await this.call("presence.watch", { users: users.slice(at, at + WATCHED_PER_CALL) })
    }
  }

  private onReady(ready: Events["ready"]): void {
    this.phase({ phase: "syncing" })
    this.parts.drive({ on: "ready", ready })
    this.toldFront = true
    this.tellForeground()
    this.watch([...this.parts.state().watched]).catch(() => {}) // presence is not known then
  }

  private onEvent(name: string, data: unknown): void {
    if (name === "notice") this.onNotice(data as Events["notice"])
    else this.parts.drive({ on: "event", name, data, now: Date.now() })
  }

  private onNotice(notice: Events["notice"]): void {
    switch (notice.type) {
      case "draining":
        return this.connection.drain(notice.reconnect_in_ms ?? 0)
      case "kicked":
        return this.connection.stop("kicked", notice.reason ?? "This device was logged out")
      case "resync":
        return this.fetch({ fetch: "sync" })
      case "expiring":
        if (this.connection.isRenewable) void this.renew()
    }
  }

  private async renew(): Promise<void> {
    try {
      await this.call("auth.renew", { token: await this.connection.token() })
    } catch {
      // the connection ends with its token then, and the next one asks for a token anew
    }
  }

  private onDown(): void {
    this.sender.online(false)
    this.fetcher.stop()
    this.parts.drive({ on: "down" })
  }

  private onSynced(refused?: ChatRefused): void {
    if (refused) this.connection.drop()
    else {
      this.sender.online(true)
      if (this.parts.state().phase.phase !== "connected") this.phase({ phase: "connected" })
    }
  }

  private phase(phase: Connectivity): void {
    this.parts.drive({ on: "phase", phase })
  }
}

/** What an answer says of the state, if anything. */
function meaning(name: keyof Calls, fields: object, answer: object): Input | undefined {
  const { conversation = "" } = fields as { conversation?: string }
  switch (name) {
    case "message.edit":
    case "message.recall":
    case "message.react":
    case "message.pin":
      return { on: "done", conversation, mod: (answer as { mod: number }).mod }
    case "message.forward":
    case "card.act":
      return { on: "stored", conversation, seq: (answer as { seq: number }).seq }
    case "read.mark":
      return { on: "marked", conversation, answer: answer as Calls["read.mark"]["answer"] }
    case "conversation.members": {
      const page = answer as Calls["conversation.members"]["answer"]
      return { on: "names", conversation, page }
    }
    case "presence.watch":
      return { on: "presence", told: (answer as Calls["presence.watch"]["answer"]).presence }
    default: {
      const { conversation: view } = answer as { conversation?: ConversationView }
      return view ? { on: "view", view } : undefined
    }
  }
}
