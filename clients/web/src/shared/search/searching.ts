// One search as it is typed: asked a moment after the last key, never amid a word of an input method;
// what is late is passed over.

import type {
  ChatClient,
  ChatRefused,
  ConversationView,
  DeskView,
  FoundMessages,
  Hit,
  Person,
  SearchKind,
} from "@chatserver/client"
import { computed, signal } from "@preact/signals"

export const FILTERS = ["all", "pictures", "files", "links", "cards"] as const
export type Filter = (typeof FILTERS)[number]

const KINDS: Record<Filter, SearchKind[]> = {
  all: [],
  pictures: ["image", "video"],
  files: ["file", "voice"],
  links: ["link"],
  cards: ["card"],
}
const PAUSE_MS = 300 // after the last key; a person may search three times a second
const AGAIN_MS = 1000 // after "too fast", where nothing else is said
const EMPTY_PAGES_MAX = 5 // that are passed over in one go

/** What was found. */
export interface Found {
  conversations: readonly (ConversationView | DeskView)[]
  people: readonly Person[]
  hits: readonly Hit[]
  more: FoundMessages["more"]
}

const NOTHING: Found = { conversations: [], people: [], hits: [], more: null }

/** A search; `conversation` narrows it down to one. */
export class Searching {
  readonly query = signal("")
  readonly filter = signal<Filter>("all")
  readonly state = signal<"idle" | "searching" | "found" | "failed">("idle")
  readonly found = signal<Found>(NOTHING)
  /** Whether anything is searched for. */
  readonly isWanted = computed(() => this.query.value.trim() !== "" || this.filter.value !== "all")
  readonly conversation: string | null
  private readonly chat: ChatClient
  private isComposing = false
  private timer: ReturnType<typeof setTimeout> | undefined
  private round = 0
  private isLoading = false

  constructor(chat: ChatClient, conversation: string | null = null) {
    this.chat = chat
    this.conversation = conversation
  }

  /** What is typed. */
  type(query: string): void {
    this.query.value = query
    this.soon(PAUSE_MS)
  }

  /** An input method composes a word, or has done so. */
  compose(isComposing: boolean): void {
    this.isComposing = isComposing
    this.soon(PAUSE_MS)
  }

  /** Look for one kind of thing, or for all. */
  choose(filter: Filter): void {
    this.filter.value = filter
    this.soon(0)
  }

  /** Search for nothing any more. */
  clear(): void {
    this.filter.value = "all"
    this.type("")
  }

  /** Search again, now. */
  again(): void {
    this.soon(0)
  }

  /** Fetch more messages, where there are more. */
  async more(): Promise<void> {
    const { more } = this.found.value
    if (!more || this.isLoading) return
    const { round } = this
    this.isLoading = true
    try {
      const page = await filled(more)
      const { found } = this
      const hits = [...found.value.hits, ...page.hits]
      if (round === this.round) found.value = { ...found.value, hits, more: page.more }
    } catch (error) {
      this.failed(round, error, () => void this.more())
    } finally {
      this.isLoading = false
    }
  }

  private soon(ms: number): void {
    clearTimeout(this.timer)
    this.round += 1
    if (!this.isWanted.value) {
      this.state.value = "idle"
      this.found.value = NOTHING
      return
    }
    if (this.isComposing) return
    this.state.value = "searching"
    this.timer = setTimeout(() => void this.ask(), ms)
  }

  private async ask(): Promise<void> {
    const { round } = this
    try {
      const found = await this.fetch()
      if (round !== this.round) return
      this.found.value = found
      this.state.value = "found"
    } catch (error) {
      this.failed(round, error, () => this.again())
    }
  }

  private async fetch(): Promise<Found> {
    const { search } = this.chat
    const query = this.query.value.trim()
    const kinds = KINDS[this.filter.value]
    const narrowed = {
      ...(kinds.length > 0 ? { kinds } : {}),
      ...(this.conversation === null ? {} : { conversation: this.conversation }),
    }
    const isBroad = this.conversation === null && kinds.length === 0
    const [messages, { conversations, desk }, people] = await Promise.all([
      filled(() => search.messages(query, narrowed)),
      isBroad ? search.conversations(query) : { conversations: [], desk: [] },
      isBroad ? search.people(query) : [],
    ])
    return { ...messages, conversations: [...conversations, ...desk], people }
  }

  private failed(round: number, error: unknown, again: () => void): void {
    if (round !== this.round) return
    const { code, retryAfterMs = AGAIN_MS } = error as Partial<ChatRefused>
    if (code === "rate_limited") {
      this.timer = setTimeout(again, retryAfterMs)
    } else if (code === "invalid") {
      this.found.value = NOTHING // signs alone are no words
      this.state.value = "found"
    } else this.state.value = "failed"
  }
}

/** The next page that holds something, or the last one of those that do not. */
async function filled(next: () => Promise<FoundMessages>): Promise<FoundMessages> {
  let page = await next()
  for (let empty = 0; empty < EMPTY_PAGES_MAX && page.hits.length === 0 && page.more; empty += 1) {
    page = await page.more()
  }
  return page
}
