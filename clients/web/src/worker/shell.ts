// Keeps the page of customers for when there is no network. Messages are none of its business.

/// <reference lib="webworker" />

declare const SHELL: string[] // the addresses of the page and of what it loads, from the build

const worker = self as unknown as ServiceWorkerGlobalScope
const SHELLS = "chatserver-/"
const KEPT = `chatserver-${SHELL.join(" ")}` // another build has other names, and is another shell
const PATIENCE_MS = 3000 // a network that takes longer is none
const SETTINGS = "/pages.json"

worker.addEventListener("install", (event) => {
  event.waitUntil(keepShell().then(() => worker.skipWaiting()))
})

worker.addEventListener("activate", (event) => {
  event.waitUntil(dropOthers().then(() => worker.clients.claim()))
})

worker.addEventListener("fetch", (event) => {
  const { request } = event
  const { pathname, origin } = new URL(request.url)
  if (request.method !== "GET" || origin !== worker.location.origin) return
  const isPage = request.mode === "navigate" && pathname === "/"
  if (isPage || pathname === SETTINGS) event.respondWith(freshOrKept(request, pathname))
  else if (SHELL.includes(pathname)) event.respondWith(kept(pathname))
})

async function keepShell(): Promise<void> {
  await (await caches.open(KEPT)).addAll(SHELL)
}

async function dropOthers(): Promise<void> {
  const all = await caches.keys()
  const old = all.filter((name) => name.startsWith(SHELLS) && name !== KEPT)
  await Promise.all(old.map((name) => caches.delete(name)))
}

/** From the network, or where that is slow or gone what was kept. */
async function freshOrKept(request: Request, pathname: string): Promise<Response> {
  const fresh = fetch(request).then(async (answer) => {
    if (answer.ok && pathname === SETTINGS) await keep(pathname, answer.clone())
    return answer
  })
  const late = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE_MS, null))
  const came = await Promise.race([fresh.catch(() => null), late])
  return came ?? (await caches.match(pathname)) ?? fresh
}

async function keep(pathname: string, answer: Response): Promise<void> {
  await (await caches.open(KEPT)).put(pathname, answer)
}

async function kept(pathname: string): Promise<Response> {
  return (await caches.match(pathname)) ?? fetch(pathname)
}
