// A server in memory: direct conversations, pages, changes, syncs, acknowledgements that get lost.

import { apply, blanked, countsFor, isDeleted, mentions } from "../src/message.ts"
import type { Calls, Change, ConversationView, Message, Prefs } from "../src/protocol.ts"
import type { LinkEvents, Transport } from "../src/transport.ts"

type Fields = Record<string, never> & { conversation: string }
type Tell = (name: string, data: unknown) => void

export class FakeConversation {
  readonly id: string
  readonly users: string[]
  readonly messages: Message[] = []
  readonly changes: Change[] = []
  readonly read = new Map<string, number>()
  readonly my = new Map<string, Prefs>()

  constructor(id: string, users: string[]) {
    this.id = id
    this.users = users
  }

  get head() {
    return { seq: this.messages.length, mod: this.changes.length }
  }

  prefs(user: string): Prefs {
    const none: Prefs = { mode: "all", pinned: false, archived: false, cleared: 0, hidden: [] }
    return this.my.get(user) ?? none
  }

  seen(user: string): Message[] {
    const my = this.prefs(user)
    return this.messages.map((one) => (isDeleted(my, one.seq) ? blanked(one) : one))
  }

  unread(user: string): Message[] {
    return this.seen(user)
      .slice(this.read.get(user) ?? 0)
      .filter((message) => countsFor(message, user))
  }

  view(user: string): ConversationView {
    const unread = this.unread(user)
    const place = (who: string) => this.read.get(who) ?? 0
    return {
      id: this.id,
      kind: "direct",
      created_at: 1,
      members: this.users.map((who) => {
        return { user: who, name: who, role: "customer", read: place(who), delivered: place(who) }
      }),
      room: null,
      me: { role: "member", state: "in", muted_until: 0, first: 1 },
      head: this.head,
      read: place(user),
      unread: unread.length,
      mentions: unread.filter((message) => mentions(message, user)).length,
      last: this.seen(user).at(-1) ?? null,
      my: this.prefs(user),
    }
  }
}

export class FakeServer {
  readonly conversations = new Map<string, FakeConversation>()
  readonly calls: { user: string; name: string; fields: Fields }[] = []
  readonly links = new Set<{ user: string; device: string; events: LinkEvents }>()
  page = 4
  resetAfter = 30
  /** Refusals to give instead of an answer, by call. */
  readonly refusals = new Map<string, { code: string; message: string }[]>()
  /** How many of the next acknowledgements get lost, with their connection. */
  losing = 0
  /** What refuses connections. */
  closedFor: { code: string; message: string; retry_after_ms?: number } | null = null
  isDown = false
  /** The key for Web Push, where it can do that. */
  webKey: string | null = null
  /** How long addresses of media last, in ms. */
  linksLast = 600_000
  private readonly listeners = new Set<{ user: string; tell: Tell }>()

  /** The token is the user's name. */
  readonly transport: Transport = (_url, auth, events) => {
    const link = { user: auth.token, device: auth.device.id, events }
    let isOpen = true
    const soon = (what: () => void) => setTimeout(() => isOpen && what(), 0)
    const leave = () => {
      isOpen = false
      this.links.delete(link)
    }
    soon(() => this.accept(link))
    return {
      call: (name, fields, answered) => {
        soon(() => {
          if (!this.links.has(link)) return
          const answer = this.answer(link.user, name, fields as Fields, link)
          if (this.losing > 0 && name === "message.send") {
            this.losing -= 1
            this.cut(link)
          } else soon(() => answered(answer))
        })
      },
      close: leave,
    }
  }

  /** Hear live events as a device of somebody does. */
  listen(user: string, tell: Tell): void {
    this.listeners.add({ user, tell })
  }

  /** End a connection, or all of them. */
  cut(link?: { user: string; device: string; events: LinkEvents }): void {
    for (const one of link ? [link] : [...this.links]) {
      this.links.delete(one)
      one.events.ended(false)
    }
  }

  direct(...users: string[]): FakeConversation {
    const id = [...users].sort().join("-")
    const known = this.conversations.get(id) ?? new FakeConversation(id, users)
    this.conversations.set(id, known)
    return known
  }

  tell(users: string[], name: string, data: unknown, but?: object): void {
    const copy = () => structuredClone(data)
    for (const { user, tell } of this.listeners) if (users.includes(user)) tell(name, copy())
    for (const link of [...this.links]) {
      if (link !== but && users.includes(link.user)) link.events.event(name, copy())
    }
  }

  append(
    conversation: FakeConversation,
    sender: string,
    more: Partial<Message> = {},
    but?: object,
  ) {
    const seq = conversation.messages.length + 1
    const message: Message = {
      conversation: conversation.id,
      ...{
        seq,
        client_id: `c-${seq}`,
        sender,
        kind: "text",
        body: { text: `text ${seq}` },
        at: seq,
      },
      ...more,
    }
    conversation.messages.push(message)
    if (conversation.users.includes(sender)) conversation.read.set(sender, seq)
    this.tell(conversation.users, "message", message, but)
    return message
  }

  change(conversation: FakeConversation, seq: number, by: string, what: Partial<Change>): Change {
    const mod = conversation.changes.length + 1
    const change = { conversation: conversation.id, mod, seq, by, at: mod, ...what } as Change
    conversation.changes.push(change)
    const message = conversation.messages[seq - 1] as Message
    conversation.messages[seq - 1] = apply(message, change)
    this.tell(conversation.users, "change", change)
    return change
  }

  markRead(conversation: FakeConversation, user: string, seq: number): void {
    conversation.read.set(user, Math.max(conversation.read.get(user) ?? 0, seq))
    this.tell(conversation.users, "read", { conversation: conversation.id, user, seq })
  }

  hide(conversation: FakeConversation, user: string, seq: number, upTo: boolean): void {
    const my = conversation.prefs(user)
    const cleared = upTo ? Math.max(my.cleared, seq) : my.cleared
    const hidden = [...new Set([...my.hidden, seq])].filter((one) => one > cleared)
    conversation.my.set(user, { ...my, cleared, hidden: hidden.sort((a, b) => a - b) })
    this.tell([user], "conversation", { conversation: conversation.view(user) })
  }

  /** The acknowledgement of a call. */
  answer(user: string, name: string, fields: Fields, link?: object): object {
    this.calls.push({ user, name, fields })
    const refusal = this.refusals.get(name)?.shift()
    if (refusal) return { ok: false, ...refusal }
    return structuredClone({ ok: true, ...this.result(user, name as keyof Calls, fields, link) })
  }

  private accept(link: { user: string; device: string; events: LinkEvents }): void {
    if (this.isDown) return link.events.refused()
    if (this.closedFor) return link.events.refused(this.closedFor)
    for (const other of [...this.links]) {
      if (other.device !== link.device || other.user !== link.user) continue
      this.links.delete(other)
      other.events.ended(true)
    }
    this.links.add(link)
    const me = { user: link.user, name: link.user, role: "customer" }
    link.events.event("ready", { me, device: link.device, time: 1, limits: {}, protocol: 1 })
  }

  private result(user: string, name: keyof Calls, fields: Fields, link?: object): object {
    const told = fields as Record<string, unknown>
    const conversation = this.conversations.get(fields.conversation)
    if (name === "sync") return this.sync(user, (told.have ?? {}) as never)
    if (name === "conversation.open") {
      return { conversation: this.direct(user, told.with as string).view(user) }
    }
    if (name === "presence.watch") {
      const users = told.users as string[]
      const here = { state: "online", last_seen: null }
      return { presence: Object.fromEntries(users.map((one) => [one, here])) }
    }
    if (name === "push.get" || name === "push.set")
      return this.webKey ? { web_key: this.webKey } : {}
    if (name === "auth.renew" || name === "device.update") return { exp: 1 }
    if (!conversation) return { ok: false, code: "not_found", message: "There is no such thing." }
    return this.inside(conversation, user, name, told, link)
  }

  private inside(
    conversation: FakeConversation,
    user: string,
    name: keyof Calls,
    told: Record<string, unknown>,
    link?: object,
  ): object {
    switch (name) {
      case "conversation.get":
        return { conversation: conversation.view(user) }
      case "message.send":
        return this.stored(conversation, user, told, link)
      case "card.act": {
        const { seq, at } = this.append(conversation, user, { reply_to: told.seq as number }, link)
        return { seq, at }
      }
      case "message.edit":
        if (!conversation.messages[(told.seq as number) - 1])
          return { ok: false, code: "not_found" }
        return this.change(conversation, told.seq as number, user, {
          type: "edit",
          body: told.body as Record<string, unknown>,
        })
      case "history.get":
        return this.history(conversation, user, told)
      case "changes.get": {
        const after = told.after as number
        const changes = conversation.changes.slice(after, after + this.page)
        return { changes, more: after + this.page < conversation.head.mod }
      }
      case "read.mark":
        this.markRead(conversation, user, told.seq as number)
        return { read: conversation.read.get(user), unread: conversation.unread(user).length }
      case "media.links":
        return this.addresses(told.seqs as number[])
      default:
        return {}
    }
  }

  private addresses(seqs: number[]): object {
    const links = seqs.map((seq) => {
      return { seq, media: `m-${seq}`, urls: { original: `/media/m-${seq}/original` } }
    })
    return { links, expires_at: Date.now() + this.linksLast }
  }

  private stored(
    conversation: FakeConversation,
    user: string,
    told: Record<string, unknown>,
    link?: object,
  ): object {
    const { client_id, kind, body } = told as Pick<Message, "client_id" | "kind" | "body">
    const known = conversation.messages.find((one) => one.client_id === client_id)
    if (known) return { seq: known.seq, at: known.at, duplicate: true }
    if (body.media === undefined) {
      const { seq, at } = this.append(conversation, user, { client_id, body }, link)
      return { seq, at }
    }
    const filled = { ...body, width: 640 }
    const more = { client_id, kind, body: filled }
    const { seq, at } = this.append(conversation, user, more, link)
    return { seq, at, body: filled }
  }

  private history(conversation: FakeConversation, user: string, told: Record<string, unknown>) {
    const seen = conversation.seen(user)
    const { before, after } = told as { before: number | null; after: number | null }
    if (before != null) {
      const first = Math.max(0, before - 1 - this.page)
      return { messages: seen.slice(first, before - 1), more: first > 0 }
    }
    const from = after ?? 0
    return { messages: seen.slice(from, from + this.page), more: from + this.page < seen.length }
  }

  private sync(user: string, have: Record<string, [number, number]>): object {
    const conversations = [...this.conversations.values()]
      .filter(({ users }) => users.includes(user))
      .map((conversation) => this.missing(conversation, user, have[conversation.id]))
    return { conversations, badge: { unread: 0, mentions: 0 }, token: "t", more: false }
  }

  private missing(conversation: FakeConversation, user: string, have?: [number, number]): object {
    const { head } = conversation
    const seen = conversation.seen(user)
    const view = conversation.view(user)
    if (!have || head.seq - have[0] > this.resetAfter) {
      const messages = seen.slice(-this.page)
      const more = seen.length > this.page
      return { ...view, messages, changes: [], more, reset: have !== undefined }
    }
    const [seq, mod] = have
    return {
      ...view,
      messages: seen.slice(seq, seq + this.page),
      changes: conversation.changes.slice(mod, mod + this.page),
      more: seq + this.page < head.seq || mod + this.page < head.mod,
      reset: false,
    }
  }
}
