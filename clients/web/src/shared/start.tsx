// How a page with a chat begins: find out who I am, then draw the page with that chat around it.

import type { ChatClient } from "@chatserver/client"
import { type ComponentChildren, render } from "preact"
import { t } from "./i18n/index.ts"
import { ChatContext } from "./live.ts"
import { preparePage } from "./page.ts"
import { beginChat, whoAmI } from "./session.ts"

/** Begin a page: what `page` gives is drawn for who I am; nobody is told where to come from. */
export async function start(page: (chat: ChatClient) => ComponentChildren): Promise<void> {
  const root = preparePage()
  const identity = await whoAmI()
  if (!identity) return render(<Nobody />, root)
  const chat = beginChat(identity)
  render(<ChatContext.Provider value={chat}>{page(chat)}</ChatContext.Provider>, root)
}

/** What somebody sees whom nobody knows. */
export function Nobody() {
  return (
    <main class="nobody">
      <p>{t().nobody}</p>
    </main>
  )
}
