// The service worker, as pages see it.

import { type Asked, type Said, saidIn } from "./words.ts"

/** Have the service worker run, and wait until it does; null where there is none. */
export async function registered(): Promise<ServiceWorkerRegistration | null> {
  const { serviceWorker } = navigator
  if (!serviceWorker || !import.meta.env.PROD) return null // `vite` has none
  try {
    await serviceWorker.register("/sw.js")
  } catch {
    return null // private windows of some browsers
  }
  return serviceWorker.ready
}

/** Call `hear` with all that the worker says; what `hear` gives is its answer. */
export function hearWorker(hear: (said: Said) => unknown): void {
  navigator.serviceWorker?.addEventListener("message", ({ data, ports }) => {
    const said = saidIn(data)
    const answer = said && hear(said)
    ports[0]?.postMessage(answer)
  })
}

/** Have the worker do something, if there is one. */
export async function ask(asked: Asked): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration()
  registration?.active?.postMessage(asked)
}
