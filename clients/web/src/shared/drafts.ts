// What is being written in each conversation, and about which message; kept over a reload.

import type { ChatClient } from "@chatserver/client"
import { type Signal, signal } from "@preact/signals"

/** Somebody named in a text by `@name`. */
export interface Mention {
  user: string
  name: string
}

/** Something begun and not sent. */
export interface Draft {
  text: string
  mentions: readonly Mention[]
  /** The number of the message that is answered. */
  replyTo: number | null
  /** The number of the own message that is edited; that is not kept. */
  editing: number | null
}

/** What keeps texts: `localStorage`, or a map in tests. */
export interface DraftStorage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

const NOTHING: Draft = { text: "", mentions: [], replyTo: null, editing: null }

/** The drafts of one person. */
export class Drafts {
  private readonly drafts = new Map<string, Signal<Draft>>()
  private readonly storage: DraftStorage
  private readonly prefix: string

  constructor(storage: DraftStorage, user: string) {
    this.storage = storage
    this.prefix = `chatserver-draft-${user}-`
  }

  /** The draft of a conversation, now and as it moves. */
  of(conversation: string): Signal<Draft> {
    const known = this.drafts.get(conversation)
    if (known) return known
    const made = signal(this.kept(conversation))
    this.drafts.set(conversation, made)
    return made
  }

  /** Change some of it. */
  change(conversation: string, changed: Partial<Draft>): void {
    const draft = this.of(conversation)
    draft.value = { ...draft.value, ...changed }
    this.keep(conversation, draft.value)
  }

  /** It is about no message any more; after an edit what was begun before it is there again. */
  dropSubject(conversation: string): void {
    const draft = this.of(conversation)
    if (draft.value.editing === null) this.change(conversation, { replyTo: null })
    else draft.value = this.kept(conversation)
  }

  /** It is sent, or given up. */
  clear(conversation: string): void {
    this.change(conversation, NOTHING)
  }

  private keep(conversation: string, draft: Draft): void {
    const { text, mentions, replyTo, editing } = draft
    if (editing !== null) return // what was begun before stays kept
    const key = this.prefix + conversation
    if (text === "" && replyTo === null) this.storage.removeItem(key)
    else this.storage.setItem(key, JSON.stringify({ text, mentions, replyTo }))
  }

  private kept(conversation: string): Draft {
    const found = this.storage.getItem(this.prefix + conversation)
    try {
      return found ? { ...NOTHING, ...JSON.parse(found) } : NOTHING
    } catch {
      return NOTHING // another version wrote it
    }
  }
}

const made = new WeakMap<ChatClient, Drafts>()

/** The drafts of who chats; asked for once that is known. */
export function draftsOf(chat: ChatClient): Drafts {
  const found = made.get(chat) ?? new Drafts(localStorage, chat.me?.user ?? "")
  if (chat.me) made.set(chat, found)
  return found
}
