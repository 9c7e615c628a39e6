// Searching what I may see. Nothing found is kept: whoever shows it asks again.

import type { Calls, Hit, Person } from "./protocol.ts"

type Fields = Calls["search.messages"]["fields"]

/** A kind of message that can be searched for. */
export type SearchKind = NonNullable<Fields["kinds"]>[number]

/** What narrows a search of messages down; `kinds` and `sender` do without words. */
export interface MessageSearch {
  conversation?: string
  sender?: string
  kinds?: SearchKind[]
  /** From this time on, in milliseconds since 1970 UTC. */
  after?: number
  /** Before this time. */
  before?: number
  /** How many at once, 50 at most. */
  limit?: number
}

/** A page of what was found. */
export interface FoundMessages {
  /** The latest first. */
  hits: Hit[]
  /** Fetches the next page, older than this one; null where this is the last. */
  more: (() => Promise<FoundMessages>) | null
}

/** Conversations that were found. */
export type FoundConversations = Calls["search.conversations"]["answer"]

type Call = <Name extends keyof Calls>(
  name: Name,
  fields: Calls[Name]["fields"],
) => Promise<Calls[Name]["answer"]>

/** The searches of one client. All reject as `ChatClient.call` does. */
export class Search {
  private readonly call: Call

  constructor(call: Call) {
    this.call = call
  }

  /** Messages with all words of `query`. A page may be empty and yet have more behind it. */
  messages(query: string, narrowed: MessageSearch = {}): Promise<FoundMessages> {
    return this.page({ ...narrowed, query })
  }

  /** My conversations by title or by who is in them; `desk` are those that staff may look at. */
  async conversations(query: string, limit = 20): Promise<FoundConversations> {
    const { conversations, desk } = await this.call("search.conversations", { query, limit })
    return { conversations, desk }
  }

  /** People by name. */
  async people(query: string, limit = 20): Promise<Person[]> {
    return (await this.call("search.people", { query, limit })).people
  }

  private async page(fields: Fields): Promise<FoundMessages> {
    const { hits, cursor } = await this.call("search.messages", fields)
    return { hits, more: cursor === null ? null : () => this.page({ ...fields, cursor }) }
  }
}
