// Where the page of the person is who is notified in this browser: kept where the service worker finds
// it, too. Where a demo server plays several people, their addresses differ.

const STORE = "chatserver push"
const HOME = "/home"

/** Keep the search of that page's address. */
export async function keepHome(search: string): Promise<void> {
  await (await caches.open(STORE)).put(HOME, new Response(search))
}

/** The search of that page's address, `?` included; usually there is none. */
export async function homeSearch(): Promise<string> {
  const kept = await caches.match(HOME, { cacheName: STORE })
  return (await kept?.text()) ?? ""
}

/** Whom an address plays on a demo server. */
export function playedIn(search: string): string | null {
  return new URLSearchParams(search).get("as")
}

/** The part of an address that says whom it plays. */
export function homeOf(search: string): string {
  const played = playedIn(search)
  return played === null ? "" : `?${new URLSearchParams({ as: played })}`
}
