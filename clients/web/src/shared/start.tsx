// How a page with a chat begins: find out who I am, then draw the page with that chat around it.

import type { ChatClient } from "@chatserver/client"
import { type ComponentChildren, render } from "preact"
import { t } from "./i18n/index.ts"
import { ChatContext } from "./live.ts"
import { preparePage } from "./page.ts"
import { Pushing, PushingContext } from "./push/pushing.ts"
import { beginChat, whoAmI } from "./session.ts"

/** Begin a page: what `page` gives is drawn for who I am; nobody is told where to come from. */
export async function start(
  page: (chat: ChatClient, pushing: Pushing) => ComponentChildren,
): Promise<void> {
  const root = preparePage()
  const identity = await whoAmI()
  if (!identity) return render(<Nobody />, root)
  const chat = beginChat(identity)
  const pushing = new Pushing(chat, identity.user)
  pushing.begin()
  render(
    <ChatContext.Provider value={chat}>
      <PushingContext.Provider value={pushing}>{page(chat, pushing)}</PushingContext.Provider>
    </ChatContext.Provider>,
    root,
  )
}

/** What somebody sees whom nobody knows. */
export function Nobody() {
  return (
    <main class="nobody">
      <p>{t().nobody}</p>
    </main>
  )
}
