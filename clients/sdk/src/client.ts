// The client: what an application asks and hears, in whichever tab.

import type { TokenSource } from "./connection.ts"
import type { Conversation } from "./conversation.ts"
import type { DeskListName } from "./desk.ts"
import { ChatRefused, ChatStopped, ChatTimeout } from "./errors.ts"
import type { ChatEventName, ChatEvents, Connectivity } from "./events.ts"
import { Feed } from "./feed.ts"
import type { HistoryStore } from "./kept.ts"
import { Links } from "./links.ts"
import {
  type Attachment,
  attachment,
  type MediaLinkOptions,
  type SendMediaOptions,
  type UploadOptions,
} from "./media.ts"
import { type Draft, isReady, newClientId, nextOrder, type Pending } from "./outbox.ts"
import type {
  Address,
  Badge,
  Calls,
  Card,
  Context,
  DeviceInfo,
  MediaLink,
  Person,
  Presence,
} from "./protocol.ts"
import { Search } from "./search.ts"
import { Shared } from "./shared.ts"
import type { State } from "./state.ts"
import type { OutboxStore } from "./store.ts"
import type { Transport } from "./transport.ts"
import { uploaded } from "./uploads.ts"
import { type DeskList, type Thread, Views } from "./views.ts"
import { type Deferred, deferred } from "./waiting.ts"

/** How a client is made. */
export interface ChatOptions {
  /** Of a node, or of what stands before all of them. */
  url: string
  /** A JWT, or a function that gets one; asked on every connect and when it is about to end. */
  token: TokenSource
  /** The id is made once per installation and kept. */
  device: DeviceInfo
  /** How long an answer may take. */
  timeoutMs?: number
  /** What carries calls and events. */
  transport: Transport
  /** What uploads go through; by default that of the page. */
  fetch?: typeof fetch
  /** Where unsent messages are kept; by default IndexedDB, or memory where there is none. */
  outbox?: OutboxStore
  /** Where conversations are kept for the next page, so that it shows them before it is connected;
   * by default nowhere. */
  history?: HistoryStore
  /** Whether tabs share one connection and one state, where the browser can do that. */
  shareTabs?: boolean
}

/** What a message may have beside its text. */
export interface SendOptions {
  replyTo?: number
  mentions?: string[]
  mentionAll?: boolean
}

/** How I want to be notified, and what the server can do. */
export type PushSettings = Calls["push.get"]["answer"]

type Stored = Calls["message.send"]["answer"]

/** A message on its way. */
export interface Sending {
  clientId: string
  /** Resolves once it is stored; rejects with ChatRefused when it was refused for good. Nobody needs
   * to wait for it. */
  stored: Promise<Stored>
}

/** One device of one person, in one of its tabs. */
export class ChatClient {
  /** The id of this device. */
  readonly device: string
  /** Finds messages, conversations and people. */
  readonly search = new Search((name, fields) => this.call(name, fields))
  private readonly shared: Shared
  private readonly feed = new Feed()
  private readonly views: Views
  private readonly awaited = new Map<string, Deferred<Stored>>()
  private readonly timeoutMs: number
  private readonly options: ChatOptions
  private readonly links: Links
  private readonly looked = new Set<DeskListName>()
  private closed: ChatStopped | null = null

  constructor(options: ChatOptions) {
    const { timeoutMs = 10_000 } = options
    this.device = options.device.id
    this.timeoutMs = timeoutMs
    this.options = options
    this.links = new Links(options.url, (name, fields) => this.call(name, fields))
    this.views = new Views(() => this.state)
    this.shared = new Shared(
      { ...options, timeoutMs },
      {
        tell: (told) => {
          const { conversation } = told.data as { conversation?: string }
          this.views.moved(told.tell, conversation)
          this.feed.tell(told)
        },
        renewed: () => this.views.movedAll(),
        sent: (clientId, answer) => this.settle(clientId)?.resolve(answer),
        failed: (clientId, error) => this.settle(clientId)?.reject(new ChatRefused(error)),
      },
    )
  }

  // ---- beginning and end ------------------------------------------------------------------------

  /** Begin to connect, and stay connected from now on. */
  start(): this {
    this.shared.start()
    return this
  }

  /**
   * Wait until connected and in step with the server.
   *
   * Rejects with ChatStopped when the server does not accept this person or device, with ChatTimeout
   * when it could not be reached in time.
   */
  ready(timeoutMs = this.timeoutMs): Promise<void> {
    const settled = deferred<void>()
    const look = ({ phase, code = "closed", message = "" }: Connectivity) => {
      if (phase === "connected") settled.resolve()
      if (phase === "stopped") settled.reject(new ChatStopped(code, message))
    }
    const late = setTimeout(() => {
      settled.reject(new ChatTimeout(this.phase.message ?? "The server does not answer"))
    }, timeoutMs)
    const off = this.on("connection", look)
    look(this.phase)
    return settled.promise.finally(() => {
      clearTimeout(late)
      off()
    })
  }

  /** Wait until nothing is on its way any more. */
  drained(): Promise<void> {
    const done = deferred<void>()
    const look = () => {
      if (this.state.outbox.unsent === 0) done.resolve()
    }
    const off = this.on("pending", look)
    look()
    return done.promise.finally(off)
  }

  /** Leave. What is not acknowledged stays in the outbox, and other tabs go on. */
  close(): void {
    this.closed = new ChatStopped("closed", "The client was closed before it was sent")
    this.shared.close()
    for (const waiting of this.awaited.values()) waiting.reject(this.closed)
    this.feed.close()
  }

  // ---- what is known ----------------------------------------------------------------------------

  /** Who I am; nobody before the first connection. */
  get me(): Person | null {
    return this.state.me
  }

  /** Where the connection stands. */
  get phase(): Connectivity {
    return this.state.phase
  }

  /** My unread messages and mentions over all conversations that are not muted. */
  get badge(): Badge {
    return this.state.badge
  }

  /** The server's limits, as told when the connection was accepted. */
  get limits(): Record<string, number> {
    return this.state.limits
  }

  /** The ids of my conversations: pinned ones first, then by their latest message. */
  get conversations(): string[] {
    return this.views.conversations()
  }

  /** A conversation as it is shown: the same object as long as nothing in it moved. */
  thread(conversation: string): Thread | undefined {
    return this.views.thread(conversation)
  }

  /**
   * A list of my shop's desk as it is shown: the same object as long as nothing in it moved. Looked at
   * once it is fetched, and followed from then on, also after coming back.
   */
  desk(view: DeskListName): DeskList {
    const shown = this.views.desk(view)
    if (!this.looked.has(view)) {
      this.looked.add(view)
      this.shared.change({ on: "desk", view })
    }
    return shown
  }

  /** What a customer whom I serve looks at, as told since connecting; `customer.get` knows more. */
  context(user: string): Context | undefined {
    return this.state.contexts.get(user)
  }

  /** A conversation as it is held, with its log. */
  conversation(id: string): Conversation | undefined {
    return this.state.conversations.get(id)
  }

  /** Somebody's name as far as it is known, else the id. */
  name(user: string): string {
    return this.state.people.name(user)
  }

  /** Whether a watched person is here. */
  presence(user: string): Presence | undefined {
    return this.state.presence.get(user)
  }

  /** My messages in a conversation that are not stored yet, in order. */
  pending(conversation: string): Pending[] {
    return this.state.outbox.of(conversation)
  }

  /** How many messages are on their way, everywhere. */
  get unsent(): number {
    return this.state.outbox.unsent
  }

  /** Call `listener` for each event of a name, in order; gives what ends that. */
  on<Name extends ChatEventName>(
    name: Name,
    listener: (data: ChatEvents[Name]) => void,
  ): () => void {
    return this.feed.on(name, listener)
  }

  /**
   * Call `listener` with what `select` gives, now and whenever it is another value; gives what ends
   * that. `chat.subscribe(() => chat.thread(id), draw)` draws a conversation.
   */
  subscribe<T>(select: () => T, listener: (value: T) => void): () => void {
    return this.feed.subscribe(select, listener)
  }

  // ---- doing ------------------------------------------------------------------------------------

  /**
   * Make a call of the protocol; its answer is taken into what is known.
   *
   * Rejects with ChatRefused, or with ChatTimeout: then whether it was done is unknown.
   */
  call<Name extends keyof Calls>(
    name: Name,
    fields: Calls[Name]["fields"],
  ): Promise<Calls[Name]["answer"]> {
    return this.shared.call(name, fields)
  }

  /** The id of the direct conversation with somebody, begun if there is none. */
  async open(user: string): Promise<string> {
    const fields = { kind: "direct", with: user } as const
    return (await this.call("conversation.open", fields)).conversation.id
  }

  /** The id of my conversation with my shop, begun if there is none. */
  async openService(): Promise<string> {
    return (await this.call("conversation.open", { kind: "service" })).conversation.id
  }

  /** The id of the notes beside a service conversation; `thread` shows them. */
  async notes(conversation: string): Promise<string> {
    return (await this.call("conversation.notes", { conversation })).conversation.id
  }

  /** The id of those notes as far as it is known, without asking. */
  notesBeside(conversation: string): string | undefined {
    return this.views.notes().get(conversation)
  }

  /** Fetch the next page of a list of the desk; whether there may be one. */
  loadMoreOfDesk(view: DeskListName): boolean {
    if (!this.desk(view).hasMore || !this.state.isUp) return false
    this.shared.change({ on: "desk-more", view })
    return true
  }

  /** Put a message on its way. */
  send(conversation: string, text: string, options: SendOptions = {}): Sending {
    return this.put(conversation, { kind: "text", body: { text } }, options)
  }

  /** Put a message with a picture, a recording, a video or a file on its way; it is uploaded first, and
   * again after a reload. Its `attachment` in the thread says how far that is. */
  sendMedia(
    conversation: string,
    content: Blob | Uint8Array<ArrayBuffer>,
    options: SendMediaOptions = {},
  ): Sending {
    const { text, ...others } = options
    const brought = attachment(content, options)
    const body = text ? { text } : {}
    return this.put(conversation, { kind: brought.kind, body }, others, brought)
  }

  /**
   * Upload something; the id of the medium, to be named in a message or elsewhere. After a lost
   * connection it goes on where it was.
   *
   * Rejects with ChatRefused when it is refused for good, and with ChatTimeout when nothing moved for
   * too long.
   */
  upload(content: Blob | Uint8Array<ArrayBuffer>, options: UploadOptions = {}): Promise<string> {
    const { timeoutMs } = this
    return uploaded(attachment(content, options), { ...this.options, timeoutMs }, options)
  }

  /** Addresses under which the media of these messages can be read for some minutes. */
  mediaLinks(
    conversation: string,
    seqs: readonly number[],
    { isRenewed = false, report }: MediaLinkOptions = {},
  ): Promise<MediaLink[]> {
    const from = report === undefined ? { conversation } : { conversation, report }
    return this.links.of(from, seqs, isRenewed)
  }

  /** Put a card on its way. */
  sendCard(conversation: string, card: Card, options: SendOptions = {}): Sending {
    return this.put(conversation, { kind: "card", body: { ...card } }, options)
  }

  /** Tap a button of a card; what it says becomes a message of mine. */
  async act(conversation: string, seq: number, button: string): Promise<void> {
    await this.call("card.act", { conversation, seq, button, client_id: newClientId() })
  }

  /** Give the rating that a card asks for, from 1 to its `best`, perhaps with words. */
  async rate(conversation: string, seq: number, rating: number, text = ""): Promise<void> {
    const fields = { conversation, seq, button: "rating", client_id: newClientId() }
    await this.call("card.act", { ...fields, rating, text })
  }

  /** Try a refused message again, behind those that are on their way. */
  retry(clientId: string): Sending {
    const sending = this.awaitStored(clientId)
    this.shared.change({ on: "retry", clientId, order: nextOrder() })
    return sending
  }

  /** Give up a message that was refused, or that is still being uploaded. */
  discard(clientId: string): void {
    const pending = this.state.outbox.get(clientId)
    if (!pending || (pending.state !== "failed" && isReady(pending))) return
    this.shared.change({ on: "discard", clientId })
  }

  /** Replace the text of my message. */
  async edit(conversation: string, seq: number, text: string): Promise<void> {
    await this.call("message.edit", { conversation, seq, body: { text } })
  }

  /** Take my message back. */
  async recall(conversation: string, seq: number): Promise<void> {
    await this.call("message.recall", { conversation, seq })
  }

  /** Add my reaction to a message, or take it away. */
  async react(conversation: string, seq: number, reaction: string, on = true): Promise<void> {
    await this.call("message.react", { conversation, seq, reaction, on })
  }

  /** Delete a message for me alone, on all my devices. */
  async delete(conversation: string, seq: number): Promise<void> {
    await this.call("message.delete", { conversation, seq })
  }

  /** I have read up to `seq`, or all that is here; told at most three times a second. */
  read(conversation: string, seq?: number): void {
    const known = this.conversation(conversation)
    const upTo = seq ?? known?.log.last ?? 0
    if (known && upTo > known.read) this.shared.deed({ do: "read", conversation, seq: upTo })
  }

  /** I am typing, or have stopped; told at most once in two seconds. */
  typing(conversation: string, on = true): void {
    this.shared.deed({ do: "typing", conversation, on })
  }

  /** Fetch the page before the first message held; whether there may be one. */
  loadOlder(conversation: string): boolean {
    const known = this.conversation(conversation)
    if (!known || known.isComplete || !this.state.isUp) return false
    this.shared.change({ on: "older", conversation })
    return true
  }

  /**
   * Load older messages until `seq` is held.
   *
   * Resolves to whether it is: there may be no such message for me, or no connection.
   */
  async reach(conversation: string, seq: number): Promise<boolean> {
    for (;;) {
      const known = this.conversation(conversation)
      if (!known) return false
      if (known.log.first <= seq) return known.log.get(seq) !== undefined
      const { first } = known.log
      if (!this.loadOlder(conversation)) return false
      if (!(await this.loaded(conversation, first))) return false
    }
  }

  /** Be told when these people come and go, also after coming back. */
  async watch(users: string[]): Promise<void> {
    const added = users.filter((user) => !this.state.watched.has(user))
    if (added.length === 0) return
    this.shared.change({ on: "watch", users: added })
    if (this.state.isUp) await this.call("presence.watch", { users: added })
  }

  /** Be seen as online, or as away while no tab is in front; also after coming back. */
  setForeground(isFront: boolean): void {
    this.shared.front(isFront)
  }

  /** Do not wait any longer before the next attempt to connect: the network is back, say. */
  reconnectNow(): void {
    this.shared.deed({ do: "hurry" })
  }

  // ---- notifications ----------------------------------------------------------------------------

  /** Where this device is notified while nobody looks at it; null for not at all. `WebPush` does
   * this for a browser. */
  async setPush(address: Address | null): Promise<void> {
    await this.call("device.update", { push: address })
  }

  /** How I want to be notified, and what the server can do. */
  pushPrefs(): Promise<PushSettings> {
    return this.call("push.get", {})
  }

  /** Change how I want to be notified; what is left out stays. */
  setPushPrefs(changed: Calls["push.set"]["fields"]): Promise<PushSettings> {
    return this.call("push.set", changed)
  }

  /** A notification was opened: `id` is its own. */
  async pushOpened(conversation: string, id: string): Promise<void> {
    await this.call("push.opened", { conversation, id })
  }

  // ---- inside -----------------------------------------------------------------------------------

  private get state(): State {
    return this.shared.state
  }

  /** Wait until older messages came; whether they did before the connection went. */
  private loaded(conversation: string, first: number): Promise<boolean> {
    const came = deferred<boolean>()
    const offs = [
      this.on("history", (told) => {
        const isFurther = (this.conversation(conversation)?.log.first ?? 0) < first
        if (told.conversation === conversation && isFurther) came.resolve(true)
      }),
      this.on("connection", ({ phase }) => {
        if (phase !== "connected") came.resolve(false)
      }),
    ]
    const late = setTimeout(() => came.resolve(false), this.timeoutMs)
    return came.promise.finally(() => {
      clearTimeout(late)
      for (const off of offs) off()
    })
  }

  private put(
    conversation: string,
    content: Pick<Draft, "kind" | "body">,
    { replyTo, mentions = [], mentionAll = false }: SendOptions,
    brought?: Attachment,
  ): Sending {
    const draft: Draft = {
      conversation,
      client_id: newClientId(),
      ...content,
      ...(replyTo === undefined ? {} : { reply_to: replyTo }),
      ...(mentions.length > 0 ? { mentions } : {}),
      ...(mentionAll ? { mention_all: true } : {}),
      user: this.state.user,
      at: Date.now(),
      order: nextOrder(),
    }
    const sending = this.awaitStored(draft.client_id)
    const added = brought ? { attachment: brought } : {}
    this.shared.write({ draft, state: "sending", tried: false, ...added })
    return sending
  }

  private awaitStored(clientId: string): Sending {
    const known = this.awaited.get(clientId)
    const waiting = known ?? deferred<Stored>()
    waiting.promise.catch(() => {}) // nobody needs to wait
    this.awaited.set(clientId, waiting)
    if (this.closed) waiting.reject(this.closed)
    return { clientId, stored: waiting.promise }
  }

  private settle(clientId: string): Deferred<Stored> | undefined {
    const waiting = this.awaited.get(clientId)
    this.awaited.delete(clientId)
    return waiting
  }
}
