// The desk of a shop as this device knows it, without I/O: lists that were fetched, kept by events.

import type { Conversation } from "./conversation.ts"
import { type Effect, tell } from "./events.ts"
import type { Answer } from "./input.ts"
import type { Calls, ConversationView, DeskView, Events } from "./protocol.ts"

/** A list of the desk. */
export type DeskListName = Calls["desk.list"]["fields"]["view"]

/** A page of a list that is to be fetched: the first one, or the one behind `after`. */
export interface FetchDesk {
  fetch: "desk"
  view: DeskListName
  after?: string
}

/** What lies on the desk, as far as it was looked at. */
export class Desk {
  private readonly watched = new Set<DeskListName>()
  private readonly loaded = new Set<DeskListName>()
  private readonly known = new Map<string, DeskView>()
  private readonly ends = new Map<DeskListName, string | null>() // the last one fetched; null: all
  private readonly gone = new Map<string, number>() // what I released, and the room's revision then
  private stale = new Set<string>() // not seen since the lists are fetched anew

  /** One that came from another tab as plain data. */
  static revived(data: Desk): Desk {
    return Object.assign(new Desk(), data)
  }

  /** Somebody looks at a list from now on. What I serve is known without fetching. */
  watch(view: DeskListName): Effect[] {
    if (this.watched.has(view)) return []
    this.watched.add(view)
    if (view === "mine") this.loaded.add(view)
    return view === "mine" ? [moved()] : [{ fetch: "desk", view }]
  }

  /** Fetch anew what may have moved untold. */
  again(): Effect[] {
    const views = [...this.watched].filter((view) => view !== "mine")
    this.stale = new Set(views.length > 0 ? this.known.keys() : [])
    return views.map((view) => ({ fetch: "desk", view }))
  }

  /** Fetch the next page of a list, unless there is none. */
  more(view: DeskListName): Effect[] {
    const after = this.ends.get(view)
    return after ? [{ fetch: "desk", view, after }] : []
  }

  /** Whether a list has been fetched. */
  isLoaded(view: DeskListName): boolean {
    return this.loaded.has(view)
  }

  /** Whether more of a list can be fetched. */
  hasMore(view: DeskListName): boolean {
    return typeof this.ends.get(view) === "string"
  }

  /** A page of a list came. */
  onPage(asked: FetchDesk, page: Answer<"desk.list">): Effect[] {
    this.loaded.add(asked.view)
    for (const told of page.conversations) this.learn(told)
    this.ends.set(asked.view, page.more ? (page.conversations.at(-1)?.id ?? null) : null)
    if (asked.after === undefined) this.forgetStale(asked.view)
    return [moved()]
  }

  /** A page was refused: what it was to follow is there no longer, say. */
  onRefused(asked: FetchDesk): Effect[] {
    if (asked.after !== undefined) return [{ fetch: "desk", view: asked.view }]
    this.loaded.add(asked.view)
    return [moved()]
  }

  /** A conversation of the desk moved. */
  onMoved({ id, revision, conversation }: Events["desk"]): Effect[] {
    if (conversation) this.learn(conversation)
    else if ((this.known.get(id)?.room.revision ?? 0) <= revision) this.known.delete(id)
    return [moved()]
  }

  /** I no longer serve a conversation; whether that is so still, of what is known with a revision. */
  released(view: ConversationView, known: number): boolean {
    const revision = view.room?.revision ?? 0
    if (known > revision) return false
    this.gone.set(view.id, Math.max(revision, this.gone.get(view.id) ?? 0))
    return true
  }

  /** Whether this is from before I released it. */
  wasReleasedAfter(view: ConversationView): boolean {
    return (view.room?.revision ?? 0) < (this.gone.get(view.id) ?? 0)
  }

  /** A list as it now is; what I serve is among `mine`. */
  list(view: DeskListName, mine: readonly DeskView[]): DeskView[] {
    if (view === "mine") return [...mine].sort(byLatest)
    const all = [...this.known.values()]
    return view === "all" ? all.sort(byLatest) : all.filter(waits).sort(byWaiting)
  }

  private learn(told: DeskView): void {
    this.stale.delete(told.id)
    const known = this.known.get(told.id)
    this.known.set(told.id, known ? later(known, told) : told)
  }

  /** Of managers who look at two lists the one with all in it decides. */
  private forgetStale(view: DeskListName): void {
    if (view === "unassigned" && this.watched.has("all")) return
    for (const id of this.stale) this.known.delete(id)
    this.stale.clear()
  }
}

/** A conversation that I serve, as it lies on the desk. */
export function deskViewOf(conversation: Conversation): DeskView | null {
  const { id, createdAt, room, headSeq, headMod, last } = conversation
  if (room === null) return null
  return { id, created_at: createdAt, room, head: { seq: headSeq, mod: headMod }, last }
}

function moved(): Effect {
  return tell("desk", {})
}

function waits({ room: { service } }: DeskView): boolean {
  return service !== null && service.status === "open" && !service.assignee && service.since > 0
}

function later(known: DeskView, told: DeskView): DeskView {
  const isNewer =
    (told.last?.seq ?? 0) - (known.last?.seq ?? 0) || (told.last?.mod ?? 0) - (known.last?.mod ?? 0)
  return {
    ...told,
    room: told.room.revision >= known.room.revision ? told.room : known.room,
    head: {
      seq: Math.max(told.head.seq, known.head.seq),
      mod: Math.max(told.head.mod, known.head.mod),
    },
    last: isNewer >= 0 ? told.last : known.last,
  }
}

function byLatest(one: DeskView, other: DeskView): number {
  return (other.last?.at ?? other.created_at) - (one.last?.at ?? one.created_at)
}

function byWaiting(one: DeskView, other: DeskView): number {
  return (one.room.service?.since ?? 0) - (other.room.service?.since ?? 0)
}
