// What may be done about a report, as far as this page can tell: the server decides.

import type { Report, Resolution, Thread } from "@chatserver/client"
import { isAdmin } from "../../shared/actions.ts"
import { p } from "./texts.ts"

export type Verdict = Resolution["verdict"]

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** How long a verdict can last, in milliseconds; null: for good. */
export const LENGTHS: readonly (number | null)[] = [HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS, null]

const LASTING: ReadonlySet<Verdict> = new Set(["mute", "ban"])

/** What is offered: what is done to the sender is for admins of the room alone. */
export function offered(report: Report, thread: Thread | undefined): Verdict[] {
  const isRoom = thread?.kind === "group" || thread?.kind === "channel"
  const isMine = thread !== undefined && isRoom && thread.me.state === "in" && isAdmin(thread)
  if (!isMine || report.place?.kind !== thread.kind) return ["dismiss", "recall"]
  return ["dismiss", "recall", "mute", "remove", "ban"]
}

/** Whether it is done for a time. */
export function lasts(verdict: Verdict): boolean {
  return LASTING.has(verdict)
}

/** A length in words. */
export function lengthText(length: number | null): string {
  const { settle } = p()
  if (length === null) return settle.forGood
  return length < DAY_MS ? settle.hours(length / HOUR_MS) : settle.days(length / DAY_MS)
}
