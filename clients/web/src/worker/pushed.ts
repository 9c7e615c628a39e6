// Notifications: what a push says is shown, or goes away; a click leads to the conversation.

/// <reference lib="webworker" />

import { addressOf, conversationIn } from "../shared/addresses.ts"
import { homeSearch, playedIn } from "../shared/push/home.ts"
import {
  dataOf,
  isShown,
  look,
  type Notice,
  type NoticeData,
  type NoticeOptions,
  noticeIn,
  optionsOf,
  titleOf,
} from "../shared/push/notice.ts"
import { type Asked, askedIn, type Said } from "../shared/push/words.ts"

const worker = self as unknown as ServiceWorkerGlobalScope
const CHATS: readonly string[] = ["/", "/workbench"] // the pages with a chat that is notified of
const ANSWER_MS = 5000 // a page that says nothing for so long has no chat yet

worker.addEventListener("push", (event) => {
  const notice = noticeIn(event.data?.text() ?? "")
  event.waitUntil(inTurn(async () => notice && take(notice)))
})

worker.addEventListener("message", (event) => {
  const asked = askedIn(event.data)
  if (asked) event.waitUntil(inTurn(() => carryOut(asked)))
})

worker.addEventListener("notificationclick", (event) => {
  const data = dataOf(event.notification)
  event.notification.close()
  if (data) event.waitUntil(open(data))
})

// The server cannot be told without a page: one that is open does, or else the next one at its start.
worker.addEventListener("pushsubscriptionchange", (event) => {
  ;(event as ExtendableEvent).waitUntil(tellAll({ say: "renew" }))
})

let last: Promise<unknown> = Promise.resolve()

/** One after the other: each looks at what the one before it shows, and Chromium forgets what is being
 * shown while somebody asks what is shown. */
function inTurn(what: () => Promise<unknown>): Promise<unknown> {
  last = last.then(what).catch(() => {}) // what cannot be shown is seen in the page
  return last
}

async function carryOut(asked: Asked): Promise<void> {
  if (asked.ask === "close") return close({ conversation: asked.conversation, seq: 0 })
  const { title, body, data } = asked
  if (await isShown(worker.registration, data)) return // what is pushed was faster
  const options: NoticeOptions = { ...look(data.conversation), body, data, renotify: true }
  await worker.registration.showNotification(title, options)
}

async function take(notice: Notice): Promise<void> {
  void setBadge(notice.badge)
  if (!notice.shows) return close(notice)
  const isLate = notice.expiresAt > 0 && notice.expiresAt < Date.now()
  if (isLate || (await isLookedAt(notice.conversation))) return
  if (await isShown(worker.registration, notice)) return // a page was faster, or it was sent twice
  const options = optionsOf(notice, await homeSearch(), Date.now())
  await worker.registration.showNotification(titleOf(notice), options)
}

/** Take away what is shown of a conversation, but for what came after it was read. */
async function close({ conversation, seq }: Pick<Notice, "conversation" | "seq">): Promise<void> {
  const shown = await worker.registration.getNotifications({ tag: conversation })
  for (const each of shown) if (seq === 0 || (dataOf(each)?.seq ?? 0) <= seq) each.close()
}

/** Whether somebody looks at a conversation right now. */
async function isLookedAt(conversation: string): Promise<boolean> {
  const visible = (await windows()).filter(
    ({ url, visibilityState }) =>
      visibilityState === "visible" && CHATS.includes(new URL(url).pathname),
  )
  const answers = await Promise.all(visible.map((each) => ask(each, conversation)))
  return answers.includes(true)
}

function ask(page: WindowClient, conversation: string): Promise<boolean> {
  const { port1, port2 } = new MessageChannel()
  const said: Said = { say: "looks", conversation }
  page.postMessage(said, [port2])
  return new Promise((resolve) => {
    setTimeout(resolve, ANSWER_MS, false)
    port1.onmessage = ({ data }) => resolve(data === true)
  })
}

/** Show the conversation in a window that is open, or else in a new one. */
async function open({ conversation, id, url }: NoticeData): Promise<void> {
  const { pathname, search, hash } = new URL(url, worker.location.origin)
  const about = conversationIn(hash) ?? conversation
  const suited = (await windows()).filter((page) => isHome(page, pathname, search))
  const page = suited.find(({ focused }) => focused) ?? suited[0]
  if (page) {
    const said: Said = { say: "opened", conversation: about, id }
    page.postMessage(said)
    await page.focus().catch(() => {}) // where it may not come to the front, it shows it all the same
  } else await worker.clients.openWindow(`${pathname}${search}${addressOf(about, id)}`)
}

/** Whether a window is a page of the person who is notified. */
function isHome({ url, frameType }: WindowClient, pathname: string, search: string): boolean {
  const at = new URL(url)
  const isSame = at.pathname === pathname && playedIn(at.search) === playedIn(search)
  return isSame && frameType !== "nested"
}

async function tellAll(said: Said): Promise<void> {
  for (const page of await windows()) page.postMessage(said)
}

function windows(): Promise<readonly WindowClient[]> {
  return worker.clients.matchAll({ type: "window", includeUncontrolled: true })
}

async function setBadge(count: number): Promise<void> {
  await worker.navigator.setAppBadge?.(count).catch(() => {}) // where it may not, there is none
}
