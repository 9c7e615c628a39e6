// What the service worker and the pages say to each other.

import type { NoticeData } from "./notice.ts"

/** What the worker says to a page. */
export type Said =
  /** Does somebody look at this conversation? Answered through the port that comes along. */
  | { say: "looks"; conversation: string }
  /** A notification was clicked: show its conversation. */
  | { say: "opened"; conversation: string; id: string }
  /** The browser gave up its subscription, or made another one. */
  | { say: "renew" }

/** What a page asks of the worker, which alone shows and closes notifications. */
export type Asked =
  /** Close what is shown of a conversation. */
  | { ask: "close"; conversation: string }
  /** Show what this page knows, unless it was pushed by now. */
  | { ask: "show"; title: string; body: string; data: NoticeData }

/** What a message to the worker holds, if it is one of these. */
export function askedIn(data: unknown): Asked | null {
  const told = data as Partial<Asked> | null
  return typeof told?.ask === "string" ? (told as Asked) : null
}

/** What a message holds, if it is one of these. */
export function saidIn(data: unknown): Said | null {
  const told = data as Partial<Said> | null
  return typeof told?.say === "string" ? (told as Said) : null
}
