// What the script on a shop's page and the frame of the chat server say to each other. They are of
// two origins: each takes only what the other's window says, from the other's origin.

/** What the customer looks at: a page of the shop, and perhaps the product on it. */
export interface Context {
  page?: { url: string; title?: string }
  product?: Product | null
}

/** A product; `price` is as it is shown, with its currency. */
export interface Product {
  id: string
  title: string
  price?: string
  image?: string | null
  url?: string | null
}

/** How the chat is to look; what is left out is as the browser of the customer has it. */
export interface Look {
  language?: "zh" | "en" | undefined
  theme?: "auto" | "light" | "dark" | undefined
  /** A colour of six hexadecimal digits, such as `#8a4b6b`. */
  accent?: string | undefined
}

/** What the page begins with; `installation` is an id of the browser's, kept by the page. */
export interface Beginning {
  look: Look
  hasToken: boolean
  installation: string
}

/** What the page tells the frame. */
export type ToFrame =
  | ({ chat: "begin" } & Beginning)
  | { chat: "shown"; isShown: boolean; takesFocus: boolean }
  | { chat: "context"; context: Context }
  | { chat: "token"; token: string | null }

/** What the frame tells the page. */
export type ToPage =
  | { chat: "ready" }
  | { chat: "token" }
  | { chat: "alone" } // it cannot share a connection with the frames of other tabs
  | { chat: "unread"; count: number }
  | { chat: "hide" }

/** Whether what came is one of these messages at all; other scripts talk over the same windows. */
export function isOurs(data: unknown): data is ToFrame | ToPage {
  return typeof (data as { chat?: unknown } | null)?.chat === "string"
}
