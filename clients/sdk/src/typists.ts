// Who is typing where; without renewal somebody is taken to have stopped.

import type { Events } from "./protocol.ts"

const TYPING_MS = 8000

interface Typist {
  conversation: string
  user: string
  until: number
}

/** Everybody who is typing. */
export class Typists {
  private readonly typing = new Map<string, Typist>()

  /** Those that came from another tab as plain data. */
  static revived(data: Typists): Typists {
    return Object.assign(new Typists(), data)
  }

  /** Those in a conversation. */
  in(conversation: string): string[] {
    const here = [...this.typing.values()].filter((typist) => typist.conversation === conversation)
    return here.map((typist) => typist.user)
  }

  /** Somebody types, as told at a time; whether that is news. */
  start({ conversation, user }: Events["typing"], now: number): boolean {
    const key = keyOf(conversation, user)
    const isNews = !this.typing.has(key)
    this.typing.set(key, { conversation, user, until: now + TYPING_MS })
    return isNews
  }

  /** Somebody has stopped; whether that is news. */
  stop(conversation: string, user: string): boolean {
    return this.typing.delete(keyOf(conversation, user))
  }

  /** When somebody will have been silent for too long. */
  expiresAt(): number {
    return Math.min(...[...this.typing.values()].map(({ until }) => until))
  }

  /** Those who were silent for too long. */
  silentAt(now: number): Typist[] {
    return [...this.typing.values()].filter(({ until }) => until <= now)
  }
}

function keyOf(conversation: string, user: string): string {
  return `${conversation} ${user}`
}
