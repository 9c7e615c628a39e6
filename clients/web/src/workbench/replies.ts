// My canned replies, as they stand on the server.

import { type ChatClient, newClientId, type Snippet } from "@chatserver/client"
import { signal } from "@preact/signals"
import { inTheEnd } from "../shared/again.ts"

/** What is kept of a canned reply; without an id it is a new one. */
export interface ReplyFields {
  id: string | null
  shortcut: string
  title: string
  text: string
}

const AGAIN_MS = 2000

/** My canned replies; fetched when they are first wanted, and again when they changed elsewhere. */
export class Replies {
  /** All of them by their shortcuts. */
  readonly all = signal<readonly Snippet[]>([])
  private readonly chat: ChatClient
  private rev = -1
  private loading: Promise<void> | null = null

  constructor(chat: ChatClient) {
    this.chat = chat
    chat.on("snippets", ({ rev }) => {
      if (this.rev >= 0 && rev > this.rev) void this.reload().catch(() => {})
    })
    // what changed while there was no connection is not told
    chat.on("connection", ({ phase }) => {
      if (phase === "connected" && this.rev >= 0) void this.reload().catch(() => {})
    })
  }

  /** Have them, from now on. Rejects as calls do. */
  async load(): Promise<void> {
    if (this.rev < 0) await this.reload()
  }

  /** Have them in the end: asked for again for as long as that fails. */
  loadInTheEnd(): Promise<void> {
    return inTheEnd(() => this.load(), AGAIN_MS)
  }

  /** Keep one, new or changed. Rejects as calls do, with the code `conflict` for a shortcut in use. */
  async save({ id, ...fields }: ReplyFields): Promise<void> {
    const asked = { id: id ?? newClientId(), ...fields }
    const { snippet, rev } = await this.chat.call("snippet.save", asked)
    const others = this.all.value.filter((each) => each.id !== snippet.id)
    this.show([...others, snippet], rev)
  }

  /** Forget one. Rejects as calls do. */
  async remove(id: string): Promise<void> {
    const { rev } = await this.chat.call("snippet.remove", { id })
    this.show(
      this.all.value.filter((each) => each.id !== id),
      rev,
    )
  }

  private reload(): Promise<void> {
    this.loading ??= this.fetch().finally(() => {
      this.loading = null
    })
    return this.loading
  }

  private async fetch(): Promise<void> {
    const found: Snippet[] = []
    for (let more = true; more; ) {
      const after = found.at(-1)?.shortcut ?? null
      const page = await this.chat.call("snippet.list", { after })
      found.push(...page.snippets)
      more = page.more && page.snippets.length > 0
      if (!more) this.show(found, page.rev)
    }
  }

  private show(snippets: readonly Snippet[], rev: number): void {
    this.rev = rev
    this.all.value = snippets.toSorted((one, other) => (one.shortcut < other.shortcut ? -1 : 1))
  }
}
