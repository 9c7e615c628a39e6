// Another conversation's messages among those of a thread, by their time: notes of the staff.

import type { Shown } from "@chatserver/client"

/** The conversation that a message is of. */
export function conversationOf({ message, draft }: Shown): string {
  return message?.conversation ?? draft?.conversation ?? ""
}

/** The key of a message from beside, where that of the thread may be the same. */
export function keyBeside(key: string): string {
  return key.startsWith("#") ? `beside ${key}` : key
}

/**
 * Messages and those from beside in one order; each keep their own. Those from before the first
 * message wait until there is nothing before that (`isComplete`); system messages are left out.
 */
export function together(
  messages: readonly Shown[],
  beside: readonly Shown[],
  isComplete: boolean,
): Shown[] {
  const from = isComplete ? 0 : (messages[0]?.at ?? 0)
  const rest = beside.filter(({ at, message }) => at >= from && message?.kind !== "system")
  const merged: Shown[] = []
  let next = 0
  for (const message of messages) {
    for (let other = rest[next]; other && other.at < message.at; other = rest[++next]) {
      merged.push(marked(other))
    }
    merged.push(message)
  }
  return [...merged, ...rest.slice(next).map(marked)]
}

const known = new WeakMap<Shown, Shown>()

/** What did not move stays the same object. */
function marked(shown: Shown): Shown {
  const made = known.get(shown) ?? { ...shown, key: keyBeside(shown.key) }
  known.set(shown, made)
  return made
}
