// Everything this device knows, without I/O: it takes what happened and says what follows.
//
// While a sync runs, live events wait, so that none is judged against half a picture; they are
// applied after it, and what the answer already held is passed over.

import { Conversation } from "./conversation.ts"
import { Desk, deskViewOf } from "./desk.ts"
import { type Connectivity, type Effect, tell } from "./events.ts"
import type { Answer, Input } from "./input.ts"
import type { Kept } from "./kept.ts"
import { type Draft, numbered, Outbox } from "./outbox.ts"
import { People } from "./people.ts"
import type {
  Badge,
  Calls,
  Context,
  ConversationView,
  DeskView,
  Events,
  Person,
  Presence,
  SyncedConversation,
} from "./protocol.ts"
import { Typists } from "./typists.ts"

const WAITING_MAX = 5000 // live events kept during a sync; beyond it another sync is cheaper
const SYNC: Effect = { fetch: "sync" }
const WAIT_FOR_SYNC = new Set(["message", "change", "read", "delivered", "conversation"])

/** My conversations and the people in them, converging to what the server knows. */
export class State {
  me: Person | null = null
  limits: Record<string, number> = {}
  phase: Connectivity = { phase: "connecting" }
  conversations = new Map<string, Conversation>()
  presence = new Map<string, Presence>()
  badge: Badge = { unread: 0, mentions: 0 }
  people = new People()
  desk = new Desk()
  contexts = new Map<string, Context>() // what customers look at, as told since connecting
  outbox = new Outbox()
  watched = new Set<string>() // people whose presence an application wants to know
  isUp = false // there is a connection
  private tabsInFront = new Map<string, boolean>()
  private allKnown = false
  private token: string | null = null
  private pageToken: string | null = null
  private syncing = true // also before the first sync: live events wait for it
  private typists = new Typists()
  private waiting: [string, unknown, number][] = []
  private missed = false
  private asked = new Map<string, [string, unknown, number][]>()

  /** The state of another tab, which came as plain data. */
  static revived(data: State): State {
    const made = Object.assign(new State(), data)
    made.people = Object.assign(new People(), data.people)
    made.outbox = Object.assign(new Outbox(), data.outbox)
    made.desk = Desk.revived(data.desk)
    made.typists = Typists.revived(data.typists)
    for (const [id, conversation] of data.conversations) {
      made.conversations.set(id, Conversation.revived(conversation, made.people))
    }
    return made
  }

  /** Who I am; empty before the first connection. */
  get user(): string {
    return this.me?.user ?? ""
  }

  /** Whether a tab of this device is in the foreground, as far as tabs have said. */
  get isFront(): boolean {
    const told = [...this.tabsInFront.values()]
    return told.length === 0 || told.includes(true)
  }

  /** Take what happened; says what is to be fetched and told, in order. */
  take(input: Input): Effect[] {
    const effects = this.step(input)
    return effects.length > 0 ? [...effects, ...this.countBadge()] : effects
  }

  /** The fields of the next call of `sync`: what this device has. */
  have(): Calls["sync"]["fields"] {
    const have: Record<string, [number, number]> = {}
    for (const { id, log } of this.conversations.values()) have[id] = [log.last, log.mod]
    const token = this.pageToken ?? this.token
    return token === null ? { have } : { have, token }
  }

  /** The service conversations that I serve, as they lie on the desk. */
  served(): DeskView[] {
    const mine = [...this.conversations.values()].filter(
      ({ isIn, room }) => isIn && room?.service?.assignee === this.user,
    )
    return mine.flatMap((conversation) => deskViewOf(conversation) ?? [])
  }

  /** Who is typing in a conversation. */
  typing(conversation: string): string[] {
    return this.typists.in(conversation)
  }

  /** When `expire` has something to do. */
  expiresAt(): number {
    return this.typists.expiresAt()
  }

  private step(input: Input): Effect[] {
    switch (input.on) {
      case "kept":
        return this.onKept(input.kept)
      case "phase":
        this.phase = input.phase
        return [tell("connection", input.phase)]
      case "ready":
        return this.onReady(input.ready)
      case "down":
        return this.onDown()
      case "event":
        return this.onEvent(input.name, input.data, input.now)
      case "presence":
        return this.onPresence(input.told)
      case "expire":
        return this.expire(input.now)
      default:
        return this.answered(input)
    }
  }

  private answered(input: Input): Effect[] {
    switch (input.on) {
      case "syncing":
        this.syncing = true
        return []
      case "sync":
        return this.onSync(input.page)
      case "unsynced":
        return this.onUnsynced(input.forgetToken)
      case "view":
        return this.onView(input.view)
      case "history":
        return this.known(input.asked.conversation)?.onHistory(input.asked, input.page) ?? []
      case "changes":
        return this.known(input.asked.conversation)?.onChanges(input.asked, input.page) ?? []
      case "names":
        return this.onNames(input.conversation, input.page)
      case "desk-page":
        return this.desk.onPage(input.asked, input.page)
      case "refused":
        return this.onFetchRefused(input.asked)
      default:
        return this.done(input)
    }
  }

  private done(input: Input): Effect[] {
    switch (input.on) {
      case "older":
        return this.isUp ? (this.known(input.conversation)?.older() ?? []) : []
      case "watch":
        for (const user of input.users) this.watched.add(user)
        return []
      case "desk":
        return this.desk.watch(input.view).filter((effect) => this.isUp || !("fetch" in effect))
      case "desk-more":
        return this.isUp ? this.desk.more(input.view) : []
      case "foreground":
        if (input.isFront === null) this.tabsInFront.delete(input.tab)
        else this.tabsInFront.set(input.tab, input.isFront)
        return []
      case "stored":
        return this.onStored(input.conversation, input.seq)
      case "done":
        return this.known(input.conversation)?.onDone(input.mod) ?? []
      case "marked": {
        const { read, unread } = input.answer
        return this.known(input.conversation)?.onReadMarked(read, unread) ?? []
      }
      case "pending":
        return this.outbox.add(input.pending)
      case "tried":
        return this.outbox.tried(input.clientId)
      case "progress":
        return this.outbox.progressed(input.clientId, input.done)
      case "uploaded":
        return this.outbox.uploaded(input.clientId, input.media)
      case "sent":
        return this.onSent(input.draft, input.answer)
      case "failed":
        return this.outbox.failed(input.clientId, input.error)
      case "retry":
        return this.outbox.retry(input.clientId, input.order)
      case "discard":
        return this.outbox.remove(input.clientId, "discarded")
      default:
        return []
    }
  }

  /** What was kept from an earlier page, before this one knows anything. */
  private onKept({ person, conversations }: Kept): Effect[] {
    if (this.me !== null) return []
    this.me = person.me
    this.limits = person.limits
    this.people.learn(person.names.map(([user, name]) => ({ user, name })))
    for (const { id, data } of conversations) {
      this.conversations.set(id, Conversation.revived(data, this.people))
    }
    return conversations.flatMap(({ id }) => [
      tell("conversation", { conversation: id }),
      tell("history", { conversation: id }),
    ])
  }

  // ---- connecting and syncing -------------------------------------------------------------------

  private onReady(ready: Events["ready"]): Effect[] {
    if (this.me !== null && this.me.user !== ready.me.user) {
      const { outbox, phase, tabsInFront } = this
      Object.assign(this, new State(), { outbox, phase, tabsInFront })
    }
    this.me = ready.me
    this.limits = ready.limits
    this.isUp = true
    return [{ fetch: "sync" }]
  }

  private onSync(page: Answer<"sync">): Effect[] {
    this.pageToken = page.more ? page.token : null
    if (!page.more) this.token = page.token
    const effects = page.conversations.flatMap((told) => {
      if (this.forgets(told)) return [tell("conversation", { conversation: told.id })]
      const fresh = !this.conversations.has(told.id)
      return (this.known(told.id) ?? this.begin(told)).onSync(told, fresh)
    })
    return page.more ? effects : [...effects, ...this.onSynced()]
  }

  private onSynced(): Effect[] {
    this.syncing = false
    this.allKnown = true
    const waiting = this.waiting
    this.waiting = []
    const effects = waiting.flatMap(([name, data, now]) => this.onEvent(name, data, now))
    const missed = this.missed
    this.missed = false
    return [...effects, ...(missed ? [SYNC] : this.desk.again())]
  }

  /** The sync came to nothing; what waited is covered by the next one. */
  private onUnsynced(forgetToken: boolean): Effect[] {
    this.waiting = []
    if (forgetToken) this.token = this.pageToken = null
    return []
  }

  private onDown(): Effect[] {
    this.isUp = this.missed = false
    this.syncing = true
    this.pageToken = null
    this.waiting = []
    this.asked.clear()
    this.people.askAgain()
    for (const conversation of this.conversations.values()) {
      conversation.onDisconnected()
      // nobody tells of it: who looks at it asks again
      if (conversation.place.state === "viewing") this.conversations.delete(conversation.id)
    }
    return []
  }

  private countBadge(): Effect[] {
    if (!this.allKnown && this.isUp) return [] // the server tells it
    const badge = { unread: 0, mentions: 0 }
    for (const conversation of this.conversations.values()) {
      if (conversation.isMuted) continue
      badge.unread += conversation.unread
      badge.mentions += conversation.mentions
    }
    return this.takeBadge(badge)
  }

  private takeBadge(badge: Badge): Effect[] {
    if (badge.unread === this.badge.unread && badge.mentions === this.badge.mentions) return []
    this.badge = badge
    return [tell("badge", badge)]
  }

  // ---- live events ------------------------------------------------------------------------------

  private onEvent(name: string, data: unknown, now: number): Effect[] {
    if (this.syncing && WAIT_FOR_SYNC.has(name)) return this.wait(name, data, now)
    switch (name) {
      case "message":
      case "change":
      case "read":
      case "delivered":
        return this.onConversationEvent(name, data, now)
      case "conversation":
        return this.onDescribed(data as Events["conversation"], now)
      case "typing":
        return this.onTyping(data as Events["typing"], now)
      case "presence": {
        const { user, ...told } = data as Events["presence"]
        return this.onPresence({ [user]: told })
      }
      case "badge":
        return this.allKnown ? [] : this.takeBadge(data as Badge)
      case "desk":
        return this.onDesk(data as Events["desk"])
      case "context":
        return this.onContext(data as Events["context"])
      case "profile":
        return [tell("profile", data as Events["profile"])]
      case "snippets":
        return [tell("snippets", data as Events["snippets"])]
      case "reports":
        return [tell("reports", data as Events["reports"])]
      default:
        return []
    }
  }

  private wait(name: string, data: unknown, now: number): Effect[] {
    if (this.waiting.length >= WAITING_MAX) {
      this.waiting = []
      this.missed = true
    }
    this.waiting.push([name, data, now])
    return []
  }

  private onConversationEvent(
    name: "message" | "change" | "read" | "delivered",
    data: unknown,
    now: number,
  ): Effect[] {
    const { conversation: id } = data as { conversation: string }
    const conversation = this.known(id)
    if (!conversation) return this.ask(id, name, data, now)
    if (name === "change") return conversation.onChange(data as Events["change"])
    if (name === "message") {
      const message = data as Events["message"]
      return [...conversation.onMessage(message), ...this.stopTyping(id, message.sender)]
    }
    const { user, seq } = data as Events["read"]
    return name === "read" ? conversation.onRead(user, seq) : conversation.onDelivered(user, seq)
  }

  private onDescribed(data: Events["conversation"], now: number): Effect[] {
    const told = data.conversation
    if ("me" in told) return this.onView(told)
    const conversation = this.known(told.id)
    return conversation?.onRoom(told.room) ?? this.ask(told.id, "conversation", data, now)
  }

  private onDesk(told: Events["desk"]): Effect[] {
    const looking = this.known(told.id)?.place.state === "viewing"
    const effects = this.desk.onMoved(told)
    // as it is now; where it is no longer mine to look at, that is refused
    return looking ? [...effects, { fetch: "conversation", conversation: told.id }] : effects
  }

  private onContext(told: Events["context"]): Effect[] {
    this.contexts.set(told.user, told.context)
    return [tell("context", told)]
  }

  private onPresence(told: Record<string, Presence>): Effect[] {
    return Object.entries(told).map(([user, presence]) => {
      this.presence.set(user, presence)
      return tell("presence", { user, ...presence })
    })
  }

  /** An event of a conversation not known here: it waits until that is fetched. */
  private ask(conversation: string, name: string, data: unknown, now: number): Effect[] {
    const waiting = this.asked.get(conversation)
    if (waiting) {
      waiting.push([name, data, now])
      return []
    }
    this.asked.set(conversation, [[name, data, now]])
    return [{ fetch: "conversation", conversation }]
  }

  // ---- answers ----------------------------------------------------------------------------------

  private onView(view: ConversationView): Effect[] {
    if (this.forgets(view)) {
      this.asked.delete(view.id)
      return [tell("conversation", { conversation: view.id })]
    }
    const effects = (this.known(view.id) ?? this.begin(view)).onView(view)
    const waiting = this.asked.get(view.id) ?? []
    this.asked.delete(view.id)
    return [...effects, ...waiting.flatMap(([name, data, now]) => this.onEvent(name, data, now))]
  }

  private onNames(conversation: string, page: Answer<"conversation.members">): Effect[] {
    this.people.learn(page.members)
    return page.members.length > 0 ? [tell("conversation", { conversation })] : []
  }

  private onFetchRefused(asked: Extract<Input, { on: "refused" }>["asked"]): Effect[] {
    if (asked.fetch === "desk") return this.desk.onRefused(asked)
    if (asked.fetch === "conversation") return this.onUnknown(asked.conversation)
    else if (asked.fetch !== "names") this.known(asked.conversation)?.onFetchFailed(asked)
    return []
  }

  private onUnknown(conversation: string): Effect[] {
    this.asked.delete(conversation)
    if (this.known(conversation)?.place.state !== "viewing") return []
    this.conversations.delete(conversation)
    return [tell("conversation", { conversation })]
  }

  /** A message of mine is stored. After a repeated attempt its content is fetched, because it may
   * have been changed since. */
  private onSent(draft: Draft, answer: Answer<"message.send">): Effect[] {
    const effects = this.outbox.remove(draft.client_id, "sent")
    const { conversation } = draft
    const known = answer.duplicate ? undefined : this.known(conversation)
    const asStored = answer.body ? { ...draft, body: answer.body } : draft
    const message = numbered(asStored, this.user, answer.seq, answer.at)
    const stored = known?.onMessage(message) ?? this.onStored(conversation, answer.seq)
    return [...effects, ...stored]
  }

  /** A message of mine is stored as number `seq`; its content is to be fetched. */
  private onStored(conversation: string, seq: number): Effect[] {
    return this.known(conversation)?.onStored(seq) ?? [{ fetch: "conversation", conversation }]
  }

  // ---- typing -----------------------------------------------------------------------------------

  private onTyping(told: Events["typing"], now: number): Effect[] {
    const { conversation, user } = told
    if (!told.on) return this.stopTyping(conversation, user)
    if (!this.typists.start(told, now)) return []
    return [tell("typing", told), ...(this.known(conversation)?.askFor([user]) ?? [])]
  }

  private stopTyping(conversation: string, user: string): Effect[] {
    const stopped = this.typists.stop(conversation, user)
    return stopped ? [tell("typing", { conversation, user, on: false })] : []
  }

  private expire(now: number): Effect[] {
    const gone = this.typists.silentAt(now)
    return gone.flatMap(({ conversation, user }) => this.stopTyping(conversation, user))
  }

  // ---- inside -----------------------------------------------------------------------------------

  private known(id: string): Conversation | undefined {
    return this.conversations.get(id)
  }

  /** Whether I served it and no longer do: it is forgotten, also what is told late of it. */
  private forgets(view: ConversationView): boolean {
    if (view.me.state !== "released") return this.desk.wasReleasedAfter(view)
    const known = this.known(view.id)?.room?.revision ?? 0
    if (this.desk.released(view, known)) this.conversations.delete(view.id)
    return true
  }

  private begin(view: ConversationView | SyncedConversation): Conversation {
    const conversation = new Conversation(view, this.user, this.people)
    this.conversations.set(view.id, conversation)
    return conversation
  }
}
