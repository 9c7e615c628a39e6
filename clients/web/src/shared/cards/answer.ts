// What I answered to a card: the latest of my replies that one of its buttons makes.

import type { Button, Shown } from "@chatserver/client"
import { type Content, ratedBy, says } from "./body.ts"

/** My replies by the number of what they answer; made once for what is held. */
const known = new WeakMap<readonly Shown[], Map<number, Shown[]>>()

function repliesIn(messages: readonly Shown[]): Map<number, Shown[]> {
  const found = known.get(messages)
  if (found) return found
  const replies = new Map<number, Shown[]>()
  for (const shown of messages) {
    const answered = shown.mine ? (shown.message?.reply_to ?? null) : null
    if (answered !== null) replies.set(answered, [...(replies.get(answered) ?? []), shown])
  }
  known.set(messages, replies)
  return replies
}

/** My latest reply to message `seq` that is `wanted`, made after the card was last changed. */
function reply(
  messages: readonly Shown[],
  seq: number | null,
  changedAt: number,
  wanted: (content: Content) => boolean,
): Shown | undefined {
  if (seq === null) return undefined
  return repliesIn(messages)
    .get(seq)
    ?.findLast(({ message, at }) => message && at >= changedAt && wanted(message))
}

/** The reply by which I chose one of these buttons; a card that changed since asks again. */
export function chosenBy(
  messages: readonly Shown[],
  seq: number | null,
  changedAt: number,
  buttons: readonly Button[],
): Shown | undefined {
  return reply(messages, seq, changedAt, (said) => buttons.some((button) => says(said, button)))
}

/** The reply by which I rated it; that is done once. */
export function ratingBy(messages: readonly Shown[], seq: number | null): Shown | undefined {
  return reply(messages, seq, 0, (said) => ratedBy(said) !== null)
}
