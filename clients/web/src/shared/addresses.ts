// Addresses on a page: `#/c/ID` shows a conversation; with `/n/ID` behind it a notification led there.

const SHOWN = /^#\/c\/([^/]+)(?:\/n\/([^/]+))?$/

/** The conversation that an address names. */
export function conversationIn(hash: string): string | null {
  return decoded(SHOWN.exec(hash)?.[1])
}

/** The id of the notification that led to an address. */
export function notificationIn(hash: string): string | null {
  return decoded(SHOWN.exec(hash)?.[2])
}

/** The address of a conversation on this page; `notification` led there. */
export function addressOf(conversation: string, notification?: string): string {
  const by = notification === undefined ? "" : `/n/${encodeURIComponent(notification)}`
  return `#/c/${encodeURIComponent(conversation)}${by}`
}

function decoded(found: string | undefined): string | null {
  if (found === undefined) return null
  try {
    return decodeURIComponent(found)
  } catch {
    return null // somebody typed it
  }
}
