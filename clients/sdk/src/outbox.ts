// Messages of mine on their way, kept until the server has stored them. A message keeps its
// `client_id` for ever, so sending it again is harmless; every attempt after the first says `retry`.

import { type Effect, type PendingState, tell } from "./events.ts"
import type { Attachment } from "./media.ts"
import type { Calls, Message } from "./protocol.ts"

/** A message that this device made and nobody has numbered yet; `order` is its place in the line. */
export interface Draft extends Omit<Calls["message.send"]["fields"], "retry"> {
  user: string
  at: number
  order: number
}

/** Why a message was refused for good. */
export interface Refusal {
  code: string
  message: string
}

/** A draft and how far it came; `tried`: an earlier attempt may have reached the server. */
export interface Pending {
  draft: Draft
  state: "sending" | "failed"
  tried: boolean
  /** What is uploaded first; the draft names it as soon as it is there. */
  attachment?: Attachment
  error?: Refusal
}

/** All messages on their way, and those that were refused; no I/O. */
export class Outbox {
  private readonly all = new Map<string, Pending>()

  /** The messages of a conversation that are not stored yet, in order. */
  of(conversation: string): Pending[] {
    return this.everything().filter(({ draft }) => draft.conversation === conversation)
  }

  /** The messages that this person may send now: of each conversation the first one, and the first of
   * those that bring something along, as text does not wait for uploads. */
  heads(user: string): Pending[] {
    const heads = new Map<string, Pending>()
    for (const pending of this.sendingOf(user)) {
      const line = `${pending.attachment ? "media" : "text"} ${pending.draft.conversation}`
      if (!heads.has(line)) heads.set(line, pending)
    }
    return [...heads.values()].filter(isReady)
  }

  /** The messages of this person of which something is to be uploaded, in order. */
  uploads(user: string): Pending[] {
    return this.sendingOf(user).filter((pending) => !isReady(pending))
  }

  /** Every message, in order. */
  everything(): Pending[] {
    return [...this.all.values()].sort((a, b) => a.draft.order - b.draft.order)
  }

  /** The message with this `client_id`, unless it is stored. */
  get(clientId: string): Pending | undefined {
    return this.all.get(clientId)
  }

  /** How many are on their way, without the refused ones. */
  get unsent(): number {
    return this.everything().filter(({ state }) => state === "sending").length
  }

  /** A new message, or one from the store; known ones stay as they are. */
  add(pending: Pending): Effect[] {
    const clientId = pending.draft.client_id
    if (this.all.has(clientId)) return []
    this.all.set(clientId, pending)
    return [moved(pending.draft, pending.state)]
  }

  /** An attempt was made. */
  tried(clientId: string): Effect[] {
    this.replace(clientId, (pending) => ({ ...pending, tried: true }))
    return []
  }

  /** So many bytes of what it brings along are there. */
  progressed(clientId: string, done: number): Effect[] {
    const { draft, attachment } = this.all.get(clientId) ?? {}
    if (!draft || !attachment) return []
    this.replace(clientId, (pending) => ({ ...pending, attachment: { ...attachment, done } }))
    return [moved(draft, "sending")]
  }

  /** What it brings along is there. */
  uploaded(clientId: string, media: string): Effect[] {
    return this.replace(clientId, (pending) => {
      const { draft } = pending
      return { ...pending, draft: { ...draft, body: { ...draft.body, media } } }
    })
  }

  /** The server did not take it, for good. */
  failed(clientId: string, error: Refusal): Effect[] {
    return this.replace(clientId, (pending) => ({ ...pending, state: "failed", error }))
  }

  /** A refused message is tried again, behind the others; what it brings along may be gone there. */
  retry(clientId: string, order: number): Effect[] {
    return this.replace(clientId, ({ draft, tried, attachment }) => {
      if (!attachment) return { draft: { ...draft, order }, state: "sending", tried }
      const { media: _media, ...body } = draft.body
      const anew = { ...attachment, done: 0 }
      return { draft: { ...draft, body, order }, state: "sending", tried, attachment: anew }
    })
  }

  /** It is stored, or given up. */
  remove(clientId: string, state: "sent" | "discarded"): Effect[] {
    const pending = this.all.get(clientId)
    return pending && this.all.delete(clientId) ? [moved(pending.draft, state)] : []
  }

  private sendingOf(user: string): Pending[] {
    return this.everything().filter(({ draft, state }) => {
      return state === "sending" && (draft.user === "" || draft.user === user)
    })
  }

  private replace(clientId: string, change: (pending: Pending) => Pending): Effect[] {
    const pending = this.all.get(clientId)
    if (!pending) return []
    const changed = change(pending)
    this.all.set(clientId, changed)
    return changed.state === pending.state ? [] : [moved(changed.draft, changed.state)]
  }
}

/** Whether it can be sent: all that it brings along is there. */
export function isReady({ draft, attachment }: Pending): boolean {
  return !attachment || draft.body.media !== undefined
}

/** The message that a draft became. */
export function numbered(draft: Draft, sender: string, seq: number, at: number): Message {
  const { user: _user, order: _order, ...told } = draft
  return { ...told, sender, seq, at }
}

/** The fields of the call that sends a pending message. */
export function payload({ draft, tried }: Pending): Calls["message.send"]["fields"] {
  const { user: _user, order: _order, at: _at, ...fields } = draft
  return tried ? { ...fields, retry: true } : fields
}

let latest = 0

/** A time that also orders messages made within one millisecond. */
export function nextOrder(): number {
  latest = Math.max(Date.now(), latest + 0.001)
  return latest
}

/** An id made once per message and kept as long as the message. */
export function newClientId(): string {
  const { crypto } = globalThis
  if (crypto?.randomUUID) return crypto.randomUUID()
  const random = () => Math.random().toString(36).slice(2) // where pages are not secure
  return `${Date.now().toString(36)}-${random()}${random()}`
}

function moved(draft: Draft, state: PendingState): Effect {
  return tell("pending", { conversation: draft.conversation, clientId: draft.client_id, state })
}
