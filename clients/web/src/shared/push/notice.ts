// A notification as the server sends it and as a browser shows it. What comes is data of others: it is
// looked at field by field, shown as text, and leads nowhere but to a conversation on a page of ours.

import { addressOf, conversationIn } from "../addresses.ts"

const TITLE_MAX = 120 // characters; a browser shows fewer
const TEXT_MAX = 500
const ID_MAX = 200
const WORKBENCH = "/workbench"

/** What the server tells of a conversation. Times are milliseconds since 1970 UTC. */
export interface Notice {
  id: string
  conversation: string
  /** The last message that it speaks of. */
  seq: number
  /** How many messages are unread in all. */
  badge: number
  expiresAt: number
  /** The page of the person, with the conversation in its address. */
  page: "/" | typeof WORKBENCH
  hash: string
  /** If not, what is shown of the conversation goes away: it was read elsewhere. */
  shows: boolean
  title: string
  text: string
  sounds: boolean
  /** Whether it is to stay until somebody does something about it. */
  stays: boolean
  language: "zh" | "en"
}

/** What a notification that is shown keeps for later. */
export interface NoticeData {
  id: string
  conversation: string
  seq: number
  /** Where a click leads: a path of this server. */
  url: string
}

/** All that browsers know of a notification; TypeScript's own type has less. */
export interface NoticeOptions extends NotificationOptions {
  data: NoticeData
  renotify: boolean
  timestamp?: number
}

/** What a push says; null where that is no notification. */
export function noticeIn(payload: string): Notice | null {
  const told = fieldsIn(payload)
  const { id, conversation, url } = told
  if (!isId(conversation)) return null
  const { page, hash } = placeIn(url, conversation)
  return {
    id: isId(id) ? id : "",
    conversation,
    seq: count(told.seq),
    badge: count(told.badge),
    expiresAt: count(told.expires_at),
    page,
    hash,
    shows: told.shows !== false,
    title: words(told.title, TITLE_MAX),
    text: words(told.text, TEXT_MAX),
    sounds: told.sounds !== false,
    stays: told.kind === "critical",
    language: told.language === "en" ? "en" : "zh",
  }
}

const UNTOLD = { zh: "新消息", en: "New message" }

/** Its title; browsers would show an address in place of none. */
export function titleOf({ title, language }: Notice): string {
  return title || UNTOLD[language]
}

/** How a browser is to show it; `search` is what the person's page has in its address. */
export function optionsOf(notice: Notice, search: string, at: number): NoticeOptions {
  const { id, conversation, seq, page, hash } = notice
  return {
    ...look(conversation),
    body: notice.text,
    lang: notice.language === "en" ? "en" : "zh-CN",
    renotify: notice.sounds, // else it takes the place of the one before it without a sound
    silent: !notice.sounds,
    requireInteraction: notice.stays,
    timestamp: at,
    data: { id, conversation, seq, url: `${page}${search}${hash}` },
  }
}

/** What all notifications of a conversation have in common. */
export function look(conversation: string) {
  return { tag: conversation, icon: "/icon-192.png", badge: "/badge-96.png" }
}

/** What a notification keeps, if it is one of ours. */
export function dataOf({ data }: Pick<Notification, "data">): NoticeData | null {
  const told = data as Partial<NoticeData> | null
  return typeof told?.conversation === "string" ? (told as NoticeData) : null
}

/** Whether this message, or a later one, is told already. */
export async function isShown(
  registration: Pick<ServiceWorkerRegistration, "getNotifications">,
  { conversation, seq }: Pick<NoticeData, "conversation" | "seq">,
): Promise<boolean> {
  const shown = await registration.getNotifications({ tag: conversation })
  return seq > 0 && shown.some((each) => (dataOf(each)?.seq ?? 0) >= seq)
}

function fieldsIn(payload: string): Record<string, unknown> {
  try {
    const told: unknown = JSON.parse(payload)
    return typeof told === "object" && told !== null ? (told as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** The page and the conversation there; whatever else an address names is not followed. */
function placeIn(url: unknown, conversation: string): Pick<Notice, "page" | "hash"> {
  const [path = "", hash = ""] = typeof url === "string" ? url.split(/(?=#)/, 2) : []
  const page = path === WORKBENCH ? WORKBENCH : "/"
  return { page, hash: addressOf(conversationIn(hash) ?? conversation) }
}

function isId(told: unknown): told is string {
  return typeof told === "string" && told !== "" && told.length <= ID_MAX
}

function count(told: unknown): number {
  return Number.isSafeInteger(told) && (told as number) > 0 ? (told as number) : 0
}

/** Text without what turns its direction or ends its line. */
function words(told: unknown, max: number): string {
  if (typeof told !== "string") return ""
  const plain = told.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, " ")
  return [...plain].slice(0, max).join("").trim()
}
