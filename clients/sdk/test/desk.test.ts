// The rules of a shop's desk in the client's picture, one by one.

import assert from "node:assert/strict"
import test from "node:test"
import type { FetchDesk } from "../src/desk.ts"
import type { Effect } from "../src/events.ts"
import { NO_PREFS } from "../src/log.ts"
import type { ConversationView, DeskView, Me, Message, Room } from "../src/protocol.ts"
import { State } from "../src/state.ts"
import { Views } from "../src/views.ts"

const NAMES = { mei: "Mei", lin: "Lin", ting: "Ting" }

interface Standing {
  id?: string
  revision?: number
  assignee?: string | null
  status?: "open" | "resolved"
  since?: number
  last?: number
}

function roomOf({ revision = 1, assignee = null, status = "open", since = 1 }: Standing): Room {
  return {
    ...{ title: "Shop", owner: "", titles: {}, avatar: null, announcement: null, muted_until: 0 },
    ...{ speakers: [], shop: "renmin", community: null, capacity: 9, count: 1, asked: 0 },
    ...{ invited: 0, revision, notes_of: null },
    settings: {
      ...{ join: "invitation", history: "all", history_last: 50 },
      ...{ slow_mode_s: 0, mention_all: "admins" },
    } as Room["settings"],
    service: { customer: "mei", assignee, status, since, names: NAMES },
  }
}

function said(id: string, seq: number): Message {
  return {
    ...{ conversation: id, seq, client_id: `c${seq}`, sender: "mei", kind: "text" as const },
    ...{ body: { text: `text ${seq}` }, at: seq },
  }
}

function lying(standing: Standing = {}): DeskView {
  const { id = "s1", last = 1 } = standing
  return {
    ...{ id, created_at: 1, room: roomOf(standing), head: { seq: last, mod: 0 } },
    last: said(id, last),
  }
}

function mine(standing: Standing, state: Me["state"] = "in"): ConversationView {
  const { id = "s1", last = 1 } = standing
  return {
    ...{ id, kind: "service", created_at: 1, members: [], room: roomOf(standing) },
    ...{ me: { role: "admin", state, muted_until: 0, first: 1 }, head: { seq: last, mod: 0 } },
    ...{ read: 0, unread: 0, mentions: 0, last: said(id, last), my: NO_PREFS },
  }
}

class Device {
  readonly state = new State()
  readonly views = new Views(() => this.state)

  constructor(conversations: ConversationView[] = []) {
    const me = { user: "lin", name: "Lin", role: "consultant", shop: "renmin" } as const
    this.take({ on: "ready", ready: { me, device: "d", time: 0, limits: {}, protocol: 1 } })
    this.sync(conversations)
  }

  take(input: Parameters<State["take"]>[0]): Effect[] {
    const effects = this.state.take(input)
    for (const effect of effects) {
      if ("tell" in effect) {
        this.views.moved(effect.tell, (effect.data as { conversation?: string }).conversation)
      }
    }
    return effects
  }

  sync(conversations: ConversationView[] = []): Effect[] {
    this.take({ on: "syncing" })
    const told = conversations.map((view) => {
      return { ...view, messages: [], changes: [], more: false, reset: false }
    })
    const badge = { unread: 0, mentions: 0 }
    return this.take({
      on: "sync",
      page: { conversations: told, badge, token: "t", more: false },
    })
  }

  page(conversations: DeskView[], asked: Partial<FetchDesk> = {}, more = false): void {
    const fetched: FetchDesk = { fetch: "desk", view: "unassigned", ...asked }
    this.take({ on: "desk-page", asked: fetched, page: { conversations, more } })
  }

  event(name: string, data: object): Effect[] {
    return this.take({ on: "event", name, data, now: 0 })
  }

  moved(conversation: DeskView): Effect[] {
    const { id, room } = conversation
    return this.event("desk", { id, revision: room.revision, conversation })
  }

  ids(view: "mine" | "unassigned" | "all" = "unassigned"): string[] {
    return this.views.desk(view).conversations.map(({ id }) => id)
  }
}

function fetches(effects: Effect[]): Effect[] {
  return effects.filter((effect) => "fetch" in effect)
}

test("a list is fetched once it is looked at, and anew after each sync", () => {
  const device = new Device()
  const wanted = [{ fetch: "desk", view: "unassigned" }]
  assert.deepEqual(fetches(device.take({ on: "desk", view: "unassigned" })), wanted)
  assert.deepEqual(device.take({ on: "desk", view: "unassigned" }), [])
  assert.equal(device.views.desk("unassigned").isLoaded, false)
  device.page([lying()])
  assert.deepEqual([device.views.desk("unassigned").isLoaded, device.ids()], [true, ["s1"]])
  assert.deepEqual(fetches(device.sync()), wanted)
})

test("who waits longest is first, also of those told later", () => {
  const device = new Device()
  device.take({ on: "desk", view: "unassigned" })
  device.page([lying({ id: "s2", since: 2 }), lying({ id: "s3", since: 3 })])
  device.moved(lying({ id: "s1", since: 1 }))
  assert.deepEqual(device.ids(), ["s1", "s2", "s3"])
})

test("what somebody took on, or is settled, lies there no longer", () => {
  const device = new Device()
  device.page([lying({ id: "s1" }), lying({ id: "s2", since: 2 })])
  device.event("desk", { id: "s1", revision: 2, conversation: null })
  assert.deepEqual(device.ids(), ["s2"])
  device.moved(lying({ id: "s2", status: "resolved", revision: 2 }))
  assert.deepEqual(device.ids(), [])
})

test("what is told late puts nothing back", () => {
  const device = new Device()
  device.page([lying({ revision: 3, last: 2 })])
  device.event("desk", { id: "s1", revision: 2, conversation: null })
  device.moved(lying({ revision: 2, assignee: "ting", last: 1 }))
  const [view] = device.views.desk("unassigned").conversations
  assert.deepEqual([view?.room.revision, view?.head.seq, view?.last?.seq], [3, 2, 2])
})

test("a list that is fetched anew forgets what is there no longer", () => {
  const device = new Device()
  device.take({ on: "desk", view: "unassigned" })
  device.page([lying({ id: "s1" }), lying({ id: "s2", since: 2 })])
  device.sync()
  device.moved(lying({ id: "s3", since: 3 }))
  assert.deepEqual(device.ids(), ["s1", "s2", "s3"])
  device.page([lying({ id: "s2", since: 2 })])
  assert.deepEqual(device.ids(), ["s2", "s3"])
})

test("further pages follow the last one, and begin anew where that is gone", () => {
  const device = new Device()
  device.take({ on: "desk", view: "all" })
  device.page([lying()], { view: "all" }, true)
  assert.equal(device.views.desk("all").hasMore, true)
  const next: FetchDesk = { fetch: "desk", view: "all", after: "s1" }
  assert.deepEqual(fetches(device.take({ on: "desk-more", view: "all" })), [next])
  const effects = device.take({ on: "refused", asked: next })
  assert.deepEqual(fetches(effects), [{ fetch: "desk", view: "all" }])
})

test("mine are those I serve, without fetching", () => {
  const device = new Device([mine({ assignee: "lin" })])
  assert.deepEqual(fetches(device.take({ on: "desk", view: "mine" })), [])
  assert.deepEqual(device.ids("mine"), ["s1"])
  const before = device.views.desk("mine")
  assert.equal(device.views.desk("mine"), before)
  device.event("message", said("s1", 2))
  assert.equal(device.views.desk("mine").conversations[0]?.last?.seq, 2)
})

test("what I released is forgotten, also what is told late of it", () => {
  const device = new Device([mine({ assignee: "lin", revision: 2 })])
  device.event("conversation", {
    conversation: mine({ revision: 3, last: 0 }, "released"),
    removed: true,
  })
  assert.deepEqual([device.views.conversations(), device.ids("mine")], [[], []])
  device.event("conversation", { conversation: mine({ assignee: "lin", revision: 2 }) })
  assert.deepEqual(device.views.conversations(), [])
  device.event("conversation", { conversation: mine({ assignee: "lin", revision: 4 }) })
  assert.deepEqual(device.views.conversations(), ["s1"])
})

test("a device that was away when I released it forgets it by the sync", () => {
  const device = new Device([mine({ assignee: "lin" })])
  device.take({ on: "down" })
  device.sync([mine({ revision: 2, last: 0 }, "released")])
  assert.deepEqual(device.views.conversations(), [])
})

test("what I only look at is none of mine, and follows the desk", () => {
  const device = new Device()
  device.take({ on: "view", view: mine({}, "viewing") })
  assert.deepEqual(device.views.conversations(), [])
  assert.equal(device.views.thread("s1")?.title, "Mei")
  const again = [{ fetch: "conversation", conversation: "s1" }]
  assert.deepEqual(fetches(device.moved(lying({ last: 2 }))), again)
  const gone = device.event("desk", { id: "s1", revision: 2, conversation: null })
  assert.deepEqual(fetches(gone), again)
  device.take({ on: "refused", asked: { fetch: "conversation", conversation: "s1" } })
  assert.equal(device.views.thread("s1"), undefined)
})

test("what I looked at is held on when more comes, and when I take it on", () => {
  const device = new Device()
  device.take({ on: "view", view: mine({}, "viewing") })
  const asked = { fetch: "history", conversation: "s1", era: 0, before: 2 } as const
  device.state.take({ on: "older", conversation: "s1" })
  device.take({ on: "history", asked, page: { messages: [said("s1", 1)], more: false } })
  const wanted = [{ fetch: "history", conversation: "s1", era: 0, after: 1 }]
  const told = device.take({ on: "view", view: mine({ last: 2 }, "viewing") })
  assert.deepEqual(fetches(told), wanted)
  const newer = { fetch: "history", conversation: "s1", era: 0, after: 1 } as const
  device.take({ on: "history", asked: newer, page: { messages: [said("s1", 2)], more: false } })
  device.take({ on: "view", view: mine({ last: 2, revision: 2, assignee: "lin" }) })
  const thread = device.views.thread("s1")
  assert.deepEqual(
    thread?.messages.map(({ seq }) => seq),
    [1, 2],
  )
  assert.equal(thread?.me.state, "in")
})

test("notes stand beside their conversation and not among the others", () => {
  const room = { ...roomOf({}), service: null, notes_of: "s1" }
  const notes: ConversationView = { ...mine({ id: "n1" }), kind: "notes", room }
  const device = new Device([mine({ assignee: "lin" }), notes])
  assert.deepEqual(device.views.conversations(), ["s1"])
  assert.equal(device.views.thread("n1")?.room?.notes_of, "s1")
})

test("what a customer looks at is known as it was told last", () => {
  const device = new Device()
  const context = { page: { url: "https://shop.example/" }, product: null, at: 1 }
  device.event("context", { user: "mei", context })
  assert.deepEqual(device.state.contexts.get("mei"), context)
})

test("how many reports wait is told as it comes", () => {
  const told = { conversation: null, open: 2 }
  assert.deepEqual(new Device().event("reports", told), [{ tell: "reports", data: told }])
})

test("who looks on keeps what is there when more is said, and when they take it on", () => {
  const device = new Device()
  device.take({ on: "view", view: mine({ last: 2 }, "viewing") })
  const [asked] = device.take({ on: "older", conversation: "s1" })
  assert.ok(asked && "fetch" in asked && asked.fetch === "history")
  const messages = [said("s1", 1), said("s1", 2)]
  device.take({ on: "history", asked, page: { messages, more: false } })
  const seen = () => device.views.thread("s1")?.messages.map(({ seq }) => seq)
  const newer = [{ fetch: "history", conversation: "s1", era: 0, after: 2 }]
  assert.deepEqual(fetches(device.take({ on: "view", view: mine({ last: 3 }, "viewing") })), newer)
  device.take({ on: "view", view: mine({ last: 4, revision: 2, assignee: "lin" }) })
  assert.deepEqual(seen(), [1, 2])
})
