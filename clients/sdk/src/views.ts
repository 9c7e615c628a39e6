// The picture in pieces that never change: as long as nothing moved, the same object comes back, so
// that a view knows by comparing whether to draw again.

import type { Conversation } from "./conversation.ts"
import type { DeskListName } from "./desk.ts"
import type { ChatEventName } from "./events.ts"
import type { Attachment } from "./media.ts"
import { textOf } from "./message.ts"
import type { Pending, Refusal } from "./outbox.ts"
import type {
  Calls,
  ConversationView,
  DeskView,
  Me,
  Member,
  Message,
  Prefs,
  Room,
} from "./protocol.ts"
import type { State } from "./state.ts"

/** How far a message of mine has come; nothing for those of others. */
export type Tick = "sending" | "failed" | "sent" | "delivered" | "read"

/** A message as it is shown: a stored one, or one of mine on its way, which has no `seq` yet. */
export interface Shown {
  /** The same while it is sent and once it is stored, and nowhere twice. */
  key: string
  seq: number | null
  sender: string
  name: string
  text: string
  at: number
  mine: boolean
  tick: Tick | null
  /** Why it was refused, when the tick is `failed`. */
  error: Refusal | null
  /** The stored message, with everything else there is to it. */
  message: Message | null
  draft: Calls["message.send"]["fields"] | null
  /** What it uploads before it is sent, and how far that is. */
  attachment: Attachment | null
}

/** A conversation as it is shown. */
export interface Thread {
  id: string
  kind: ConversationView["kind"]
  /** That of the room, or the name of the other one; staff see that of the customer. */
  title: string
  room: Room | null
  members: Member[]
  me: Me
  my: Prefs
  messages: Shown[]
  last: Message | null
  read: number
  unread: number
  mentions: number
  /** Who of the others is typing. */
  typing: string[]
  /** Whether everything back to the first message there is for me is loaded. */
  isComplete: boolean
}

/** A list of the desk as it is shown. */
export interface DeskList {
  conversations: DeskView[]
  /** Whether it has been fetched. */
  isLoaded: boolean
  /** Whether more of it can be fetched. */
  hasMore: boolean
}

const LIST_MOVES: ReadonlySet<ChatEventName> = new Set(["conversation", "message", "history"])

/** Threads, each made anew only after something in it moved. */
export class Views {
  private readonly state: () => State
  private readonly threads = new Map<string, Thread>()
  private stored = new WeakMap<Message, Shown>() // those that did not move stay the same objects
  private readonly desks = new Map<DeskListName, DeskList>()
  private list: string[] | null = null
  private beside: Map<string, string> | null = null

  constructor(state: () => State) {
    this.state = state
  }

  /** Something moved: what was made of it is made anew. */
  moved(event: ChatEventName, conversation: string | undefined): void {
    if (conversation !== undefined) this.threads.delete(conversation)
    if (LIST_MOVES.has(event)) this.list = this.beside = null
    if (LIST_MOVES.has(event) || event === "change") this.desks.delete("mine")
    if (event === "desk") this.desks.clear()
  }

  /** Everything may have moved. */
  movedAll(): void {
    this.threads.clear()
    this.stored = new WeakMap()
    this.desks.clear()
    this.list = this.beside = null
  }

  /** A conversation as it is shown now. */
  thread(id: string): Thread | undefined {
    const conversation = this.state().conversations.get(id)
    if (!conversation) return undefined
    const made = this.threads.get(id) ?? threadOf(conversation, this.state(), this.stored)
    this.threads.set(id, made)
    return made
  }

  /** A list of the desk as it is shown now. */
  desk(view: DeskListName): DeskList {
    const { desk } = this.state()
    const made = this.desks.get(view) ?? {
      conversations: desk.list(view, this.state().served()),
      isLoaded: desk.isLoaded(view),
      hasMore: desk.hasMore(view),
    }
    this.desks.set(view, made)
    return made
  }

  /** The ids of my conversations: pinned ones first, then by their latest message. Notes stand beside
   * another conversation, and what I only look at is not mine. */
  conversations(): string[] {
    this.list ??= [...this.state().conversations.values()]
      .filter(({ kind, place }) => kind !== "notes" && place.state !== "viewing")
      .sort(byLatest)
      .map(({ id }) => id)
    return this.list
  }

  /** The ids of notes by that of the conversation they are about. */
  notes(): ReadonlyMap<string, string> {
    this.beside ??= new Map(
      [...this.state().conversations.values()].flatMap(({ id, room }) => {
        return room?.notes_of ? [[room.notes_of, id] as const] : []
      }),
    )
    return this.beside
  }
}

function byLatest(one: Conversation, other: Conversation): number {
  const pinned = Number(other.my.pinned) - Number(one.my.pinned)
  return pinned || (other.last?.at ?? other.createdAt) - (one.last?.at ?? one.createdAt)
}

function threadOf(
  conversation: Conversation,
  state: State,
  stored: WeakMap<Message, Shown>,
): Thread {
  const tickOf = conversation.ticks()
  const messages = conversation.messages.map((one) => {
    const tick = one.sender === state.user ? tickOf(one) : null
    const known = stored.get(one)
    if (known && known.tick === tick) return known
    const made = storedOf(one, conversation, state.user, tick)
    stored.set(one, made)
    return made
  })
  const pending = state.outbox.of(conversation.id)
  const other = conversation.others[0]
  const customer = conversation.room?.service?.customer ?? state.user
  return {
    id: conversation.id,
    kind: conversation.kind,
    title:
      customer === state.user
        ? (conversation.room?.title ?? (other ? conversation.name(other.user) : ""))
        : conversation.name(customer),
    room: conversation.room,
    members: [...conversation.members.values()],
    me: conversation.place,
    my: conversation.my,
    messages: [
      ...messages,
      ...unknownTo(messages, pending).map((one) => pendingOf(one, conversation, state.user)),
    ],
    last: conversation.last,
    read: conversation.read,
    unread: conversation.unread,
    mentions: conversation.mentions,
    typing: state.typing(conversation.id).filter((user) => user !== state.user),
    isComplete: conversation.isComplete,
  }
}

/** Those that are not stored yet: after a reload one may be, and its acknowledgement is to come. */
function unknownTo(messages: Shown[], pending: Pending[]): Pending[] {
  if (pending.length === 0) return pending
  const stored = new Set(messages.map(({ key }) => key))
  return pending.filter(({ draft }) => !stored.has(draft.client_id))
}

function storedOf(
  message: Message,
  conversation: Conversation,
  me: string,
  tick: Tick | null,
): Shown {
  const mine = message.sender === me
  return {
    key: (mine && message.client_id) || `#${message.seq}`,
    seq: message.seq,
    sender: message.sender,
    name: conversation.name(message.sender),
    text: textOf(message),
    at: message.at,
    mine,
    tick,
    error: null,
    message,
    draft: null,
    attachment: null,
  }
}

function pendingOf(pending: Pending, conversation: Conversation, me: string): Shown {
  const { draft, state, error, attachment = null } = pending
  return {
    key: draft.client_id,
    seq: null,
    sender: me,
    name: conversation.name(me),
    text: textOf(draft),
    at: draft.at,
    mine: true,
    tick: state,
    error: error ?? null,
    message: null,
    draft,
    attachment,
  }
}
