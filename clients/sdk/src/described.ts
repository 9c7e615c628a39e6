// What the server says of a conversation beside its messages: who is in it, the room, my place.

import { type Effect, tell } from "./events.ts"
import type { People } from "./people.ts"
import type { ConversationView, Me, Member, Prefs, Room } from "./protocol.ts"

/** The part of a conversation that is told whole, again and again, and so replaced. */
export class Described {
  readonly id: string
  readonly kind: ConversationView["kind"]
  readonly createdAt: number
  /** The two of a direct conversation, a customer and whoever serves them; those of other rooms come
   * by `conversation.members`. */
  readonly members = new Map<string, Member>()
  room: Room | null
  /** My place in it. */
  place: Me
  /** My own settings of it. */
  my: Prefs
  protected readonly me: string
  protected readonly people: People

  /** As the server described it first. */
  constructor(view: ConversationView, me: string, people: People) {
    this.id = view.id
    this.kind = view.kind
    this.createdAt = view.created_at
    this.room = view.room
    this.place = view.me
    this.my = view.my
    this.me = me
    this.people = people
  }

  /** Whether I am in it now; who left keeps what was there until then. */
  get isIn(): boolean {
    return this.place.state === "in"
  }

  /** Whether I see it as it is now: I am in it, or look at it as staff. */
  get seesAll(): boolean {
    return seesAll(this.place)
  }

  /** The first message there is for me. */
  get firstForMe(): number {
    return this.place.first
  }

  /** Whether this conversation stays off the badge. */
  get isMuted(): boolean {
    return this.my.mode === "silent" || this.my.mode === "none"
  }

  /** The other one of a direct conversation. */
  get others(): Member[] {
    return [...this.members.values()].filter((member) => member.user !== this.me)
  }

  /** Somebody's name, or the id until the name is known. */
  name(user: string): string {
    return this.people.name(user)
  }

  /** What all in the room share changed. */
  onRoom(room: Room): Effect[] {
    const old = this.room !== null && room.revision <= this.room.revision
    if (!this.isIn || old) return []
    this.room = room
    return [tell("conversation", { conversation: this.id })]
  }

  /** Whether the view is from before what is known of the room. */
  protected isLate(view: ConversationView): boolean {
    return view.room !== null && this.room !== null && view.room.revision < this.room.revision
  }

  /** The server described it, perhaps a moment ago: nothing goes back. */
  protected replace(view: ConversationView): void {
    const isLate = this.isLate(view)
    if (!isLate) {
      this.room = view.room
      this.place = view.me
      this.people.learnNames(view.room?.service?.names ?? {})
    }
    this.my = together(this.my, view.my)
    this.people.learn(view.members)
    const told = view.members.map((member) => this.noLater(member))
    const before = isLate ? new Set(this.members.keys()) : null // who is in it is known better
    if (!isLate) this.members.clear()
    for (const member of told) {
      if (before?.has(member.user) ?? true) this.members.set(member.user, member)
    }
  }

  private noLater(told: Member): Member {
    const known = this.members.get(told.user)
    if (!known) return told
    const read = Math.max(known.read, told.read)
    return { ...told, read, delivered: Math.max(known.delivered, told.delivered) }
  }
}

/** Whether somebody with this place sees all that comes. */
export function seesAll(place: Me): boolean {
  return place.state === "in" || place.state === "viewing"
}

/** What I deleted stays deleted, whichever was told last. */
function together(known: Prefs, told: Prefs): Prefs {
  const cleared = Math.max(known.cleared, told.cleared)
  const hidden = [...new Set([...known.hidden, ...told.hidden])].filter((seq) => seq > cleared)
  return { ...told, cleared, hidden: hidden.sort((a, b) => a - b) }
}
