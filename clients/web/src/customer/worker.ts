// Keeps the page of customers for when there is no network. Messages are none of its business.

/// <reference lib="webworker" />

declare const SHELL: string[] // the addresses of the page and of what it loads, from the build

const worker = self as unknown as ServiceWorkerGlobalScope
const KEPT = `chatserver-${SHELL.join().length}-${SHELL.at(-1)}`

worker.addEventListener("install", (event) => {
  event.waitUntil(keep().then(() => worker.skipWaiting()))
})

worker.addEventListener("activate", (event) => {
  event.waitUntil(dropOthers().then(() => worker.clients.claim()))
})

worker.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url)
  if (event.request.method !== "GET" || origin !== worker.location.origin) return
  if (event.request.mode === "navigate" && pathname === "/") {
    event.respondWith(fetch(event.request).catch(() => kept("/")))
  } else if (SHELL.includes(pathname)) {
    event.respondWith(kept(pathname))
  }
})

async function keep(): Promise<void> {
  await (await caches.open(KEPT)).addAll(SHELL)
}

async function dropOthers(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name !== KEPT)
  await Promise.all(old.map((name) => caches.delete(name)))
}

async function kept(pathname: string): Promise<Response> {
  return (await caches.match(pathname)) ?? fetch(pathname)
}
