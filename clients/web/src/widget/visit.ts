// What is remembered from one page of the shop to the next, for as long as the tab is open.

type Visit = "open" | "closed"

const KEY = "chat-widget"

/** How the chat was left on the page before, null where it was never opened; a value is kept. */
export function memory(value?: Visit | null): Visit | null {
  try {
    if (value === null) sessionStorage.removeItem(KEY)
    else if (value !== undefined) sessionStorage.setItem(KEY, value)
    return sessionStorage.getItem(KEY) as Visit | null
  } catch {
    return null // the shop's page may keep nothing
  }
}
