// Names of people, gathered from everything that tells them.

import type { Message } from "./protocol.ts"

/** Name by user id. Who is unknown is asked for once in a connection. */
export class People {
  private readonly names = new Map<string, string>()
  private asked = new Set<string>()

  /** The name, or where none is known the id. */
  name(user: string): string {
    return this.names.get(user) || user
  }

  /** Everybody whose name is known. */
  all(): [user: string, name: string][] {
    return [...this.names]
  }

  /** The server told about these people. */
  learn(people: Iterable<{ user: string; name: string }>): void {
    for (const { user, name } of people) if (name) this.names.set(user, name)
  }

  /** What the server says in a room names the people it is about. */
  learnFrom(message: Message): void {
    const told = message.kind === "system" ? message.body.names : undefined
    if (typeof told !== "object" || told === null) return
    this.learnNames(told as Record<string, string>)
  }

  /** These people are called so. */
  learnNames(names: Record<string, string>): void {
    for (const [user, name] of Object.entries(names)) if (name) this.names.set(user, String(name))
  }

  /** Those whose names are to be asked for in a room; from now on they are asked for. */
  toAsk(room: string, users: Iterable<string>): string[] {
    const fresh = new Set<string>()
    for (const user of users) {
      if (user && !this.names.has(user) && !this.asked.has(`${room} ${user}`)) fresh.add(user)
    }
    for (const user of fresh) this.asked.add(`${room} ${user}`)
    return [...fresh].sort()
  }

  /** What was asked may not be answered any more. */
  askAgain(): void {
    this.asked.clear()
  }
}
