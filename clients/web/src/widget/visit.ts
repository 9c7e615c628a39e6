// What is remembered from one page of the shop to the next.

type Visit = "open" | "closed"

const KEY = "chat-widget"
const ID_BYTES = 16

/**
 * An id of this browser, made once. The page keeps it: a frame of another site may keep nothing in
 * some browsers, and would come as another device each time.
 */
export function installation(): string {
  try {
    const id = localStorage.getItem(KEY) ?? newId()
    localStorage.setItem(KEY, id)
    return id
  } catch {
    return newId()
  }
}

function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
}

/** How the chat was left on the page before in this tab, null where it was never opened; a value is kept. */
export function memory(value?: Visit | null): Visit | null {
  try {
    if (value === null) sessionStorage.removeItem(KEY)
    else if (value !== undefined) sessionStorage.setItem(KEY, value)
    return sessionStorage.getItem(KEY) as Visit | null
  } catch {
    return null // the shop's page may keep nothing
  }
}
