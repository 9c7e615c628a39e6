// Who I am on this page, and the chat of that person.

import { ChatClient, indexedDbHistory, installationId } from "@chatserver/client"
import { browserName } from "./browserName.ts"

/** Somebody with a way to get tokens. */
export interface Identity {
  user: string
  token: () => Promise<string>
}

/** What a server says of its pages. */
interface PagesInfo {
  token_url: string | null
  demo: boolean
}

/** Somebody of the demo shop. */
export interface DemoPerson {
  user: string
  name: string
  role: string
  shop: string | null
  about: string
  page: "customer" | "workbench"
}

const KEPT_TOKEN = "chatserver-token"
const KEPT_USER = "chatserver-user"

/**
 * Who I am: somebody of the demo shop (`?as=`), whom a link names (`#token=`), or whom the shop's own
 * site knows. Nobody on a demo server is sent to choose, unless not to; else null.
 */
export async function whoAmI({ mayChoose = true } = {}): Promise<Identity | null> {
  const named = new URLSearchParams(location.search).get("as")
  if (named) return demoIdentity(named)
  const token = tokenOfLink()
  if (token) return { user: subjectOf(token), token: async () => token }
  const info = await readJson<PagesInfo>("/pages.json").catch(() => null)
  if (info?.token_url) return shopIdentity(info.token_url)
  if (info?.demo && mayChoose) location.replace("/demo")
  return null
}

/** How a chat stands on its page. */
interface Standing {
  /** Whether it is in sight there. */
  isShown?: () => boolean
  /** The id of this person's device, where it is not kept by this page itself. */
  device?: string
}

/** The chat of this person, connecting, in step with what the browser tells of the page. */
export function beginChat({ user, token }: Identity, standing: Standing = {}): ChatClient {
  const { isShown = () => true } = standing
  const device = standing.device ?? installationId(localStorage, `chatserver-device-${user}`)
  const chat = new ChatClient({
    url: location.origin,
    token,
    device: { id: device, platform: "web", name: browserName(navigator.userAgent) },
    history: indexedDbHistory(device),
  }).start()
  const look = () => chat.setForeground(document.visibilityState === "visible" && isShown())
  document.addEventListener("visibilitychange", look)
  addEventListener("online", () => chat.reconnectNow())
  look()
  return chat
}

/** Everybody of the demo shop. */
export async function demoPeople(): Promise<DemoPerson[]> {
  return (await readJson<{ people: DemoPerson[] }>("/demo/people")).people
}

/** Somebody of the demo shop, with tokens for as long as the page is open. */
export function demoIdentity(user: string): Identity {
  return {
    user,
    token: async () => {
      const answer = await fetch("/demo/token", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ user }),
      })
      if (!answer.ok) throw new Error(`The demo shop gives no token: ${answer.status}`)
      return ((await answer.json()) as { token: string }).token
    },
  }
}

/** Whose token it is, without checking it: the server does. */
export function subjectOf(token: string): string {
  const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")
  const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0))
  return String(JSON.parse(new TextDecoder().decode(bytes)).sub)
}

/**
 * Whom the shop's site knows: it answers with a token for whoever is logged in there. Without a
 * network it is who it was the last time.
 */
async function shopIdentity(url: string): Promise<Identity | null> {
  const ask = async () => tokenIn(await fetch(url, { credentials: "include" }))
  let isCutOff = false
  const identity = await identityOf(() =>
    ask().catch((error) => {
      isCutOff = error instanceof TypeError // so fetch says it; a refusal is an answer
      throw error
    }),
  )
  if (identity) localStorage.setItem(KEPT_USER, identity.user)
  const user = isCutOff ? localStorage.getItem(KEPT_USER) : null
  return identity ?? (user === null ? null : { user, token: ask })
}

/** Whose tokens these are; null where there are none. The first is used before others are asked for. */
export async function identityOf(ask: () => Promise<string>): Promise<Identity | null> {
  const first = await ask().catch(() => null)
  if (first === null) return null
  let fresh: string | null = first
  const token = async () => {
    const known = fresh ?? (await ask())
    fresh = null
    return known
  }
  return { user: subjectOf(first), token }
}

async function tokenIn(answer: Response): Promise<string> {
  if (!answer.ok) throw new Error(`The shop gives no token: ${answer.status}`)
  return (await answer.text()).trim()
}

/** A token from the address: kept for this tab, and taken out of what the address bar shows. */
function tokenOfLink(): string | null {
  const found = /^#token=([\w.-]+)$/.exec(location.hash)?.[1]
  if (found) {
    sessionStorage.setItem(KEPT_TOKEN, found)
    history.replaceState(null, "", `${location.pathname}${location.search}`)
  }
  return sessionStorage.getItem(KEPT_TOKEN)
}

async function readJson<T>(path: string): Promise<T> {
  const answer = await fetch(path)
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
  return (await answer.json()) as T
}
