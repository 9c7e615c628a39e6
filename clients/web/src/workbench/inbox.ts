// The list of the workbench: what I am in and what lies on the desk, in parts and counted.

import type { ChatClient, DeskList, DeskListName, DeskView, Thread } from "@chatserver/client"
import { computed, type ReadonlySignal, signal } from "@preact/signals"
import { live } from "../shared/live.ts"
import { belongs, type Entry, ofDesk, ofThread, ordered, TABS, type Tab } from "./entries.ts"
import { order } from "./settings.ts"

/** What a part of the list holds. */
export interface Count {
  total: number
  unread: number
}

/** All that is listed; what did not move stays the same object, so that nothing is drawn in vain. */
export class Inbox {
  /** Which part is shown. */
  readonly tab = signal<Tab>("mine")
  /** Everything, in no order. */
  readonly all: ReadonlySignal<readonly Entry[]>
  /** What is shown, in its order. */
  readonly shown: ReadonlySignal<readonly Entry[]>
  readonly counts: ReadonlySignal<Record<Tab, Count>>
  /** What lies on the desk as far as it was fetched. */
  readonly desk: ReadonlySignal<DeskList>
  private readonly chat: ChatClient
  private readonly ofThreads = new WeakMap<Thread, Entry>()
  private readonly ofViews = new WeakMap<DeskView, Entry>()

  constructor(chat: ChatClient) {
    this.chat = chat
    const threads = live(chat, unlessSame(listed))
    chat.desk("unassigned") // whoever waits is wanted first, also by managers
    this.desk = live(chat, (each) => each.desk(deskList(each)))
    this.all = computed(() => this.together(threads.value, this.desk.value.conversations))
    this.shown = computed(() => this.choose())
    this.counts = computed(() => this.count())
  }

  /** Fetch more of what lies on the desk, where there is more. */
  loadMore(): void {
    this.chat.loadMoreOfDesk(deskList(this.chat))
  }

  /** One of them. */
  get(id: string): Entry | undefined {
    return this.all.value.find((entry) => entry.id === id)
  }

  /** The one `steps` further in what is shown, seen from `from`; the first or last from nowhere. */
  beside(from: string | null, steps: 1 | -1): Entry | undefined {
    const entries = this.shown.value
    const at = entries.findIndex(({ id }) => id === from)
    if (at < 0) return entries.at(steps > 0 ? 0 : -1)
    return entries[at + steps]
  }

  private get me(): string {
    return this.chat.me?.user ?? ""
  }

  /** What I am in is known best from there, the rest from the desk. */
  private together(threads: readonly Thread[], views: readonly DeskView[]): Entry[] {
    const entries = new Map(threads.map((thread) => [thread.id, this.ofThread(thread)]))
    for (const view of views) {
      if (entries.get(view.id)?.isIn !== true) entries.set(view.id, this.ofView(view))
    }
    return [...entries.values()]
  }

  private choose(): Entry[] {
    const tab = this.tab.value
    const wanted = this.all.value.filter((entry) => belongs(entry, tab, this.me))
    return ordered(wanted, tab, tab === "mine" ? order.value : "latest")
  }

  private count(): Record<Tab, Count> {
    const counts = Object.fromEntries(TABS.map((tab) => [tab, { total: 0, unread: 0 }]))
    for (const entry of this.all.value) {
      for (const tab of TABS) {
        const count = counts[tab]
        if (!count || !belongs(entry, tab, this.me)) continue
        count.total += 1
        count.unread += entry.isMuted ? 0 : entry.unread
      }
    }
    return counts as Record<Tab, Count>
  }

  private ofThread(thread: Thread): Entry {
    const entry = this.ofThreads.get(thread) ?? ofThread(thread, this.me)
    this.ofThreads.set(thread, entry)
    return entry
  }

  private ofView(view: DeskView): Entry {
    const entry = this.ofViews.get(view) ?? ofDesk(view)
    this.ofViews.set(view, entry)
    return entry
  }
}

/** Managers see all of their shop, others what waits there. */
function deskList(chat: ChatClient): DeskListName {
  return chat.me?.role === "manager" ? "all" : "unassigned"
}

function listed(chat: ChatClient): Thread[] {
  return chat.conversations.flatMap((id) => chat.thread(id) ?? [])
}

/** The same list as before as long as all in it are the same. */
function unlessSame<T>(select: (chat: ChatClient) => T[]): (chat: ChatClient) => T[] {
  let last: T[] = []
  return (chat) => {
    const next = select(chat)
    const isSame = next.length === last.length && next.every((each, at) => each === last[at])
    if (!isSame) last = next
    return last
  }
}
