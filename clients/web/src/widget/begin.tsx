// The chat in the frame: who the customer is says the shop's page, or else the shop's site.

import type { ChatClient } from "@chatserver/client"
import { effect } from "@preact/signals"
import { render } from "preact"
import { language } from "../shared/i18n/index.ts"
import { ChatContext } from "../shared/live.ts"
import { preparePage } from "../shared/page.ts"
import { followAddress } from "../shared/route.ts"
import { beginChat, identityOf, whoAmI } from "../shared/session.ts"
import { Nobody } from "../shared/start.tsx"
import { applyTheme, theme } from "../shared/theme.ts"
import { App } from "./App.tsx"
import { accentRules } from "./accent.ts"
import { deviceOf } from "./device.ts"
import { goByLinks } from "./going.ts"
import { Looking } from "./looking.ts"
import type { Look } from "./messages.ts"
import { type Page, pageAround } from "./page.ts"

const root = preparePage()
const page = pageAround()
followAddress()
const chat = page ? await within(page) : await alone()
if (chat) {
  render(
    <ChatContext.Provider value={chat}>
      <App page={page} />
    </ChatContext.Provider>,
    root,
  )
} else render(<Nobody />, root)

async function alone(): Promise<ChatClient | null> {
  const identity = await whoAmI()
  return identity && beginChat(identity)
}

async function within(page: Page): Promise<ChatClient | null> {
  const { look, hasToken, installation } = await page.begun
  wear(look)
  goByLinks()
  const identity = await (hasToken ? identityOf(page.token) : whoAmI({ mayChoose: false }))
  if (!identity) return null
  if (!(await canShare())) page.alone()
  const isShown = () => page.shown.value.isShown
  const chat = beginChat(identity, { isShown, device: deviceOf(installation, identity.user) })
  effect(() => chat.setForeground(isShown() && document.visibilityState === "visible"))
  tellContext(chat, page)
  return chat
}

/** Whether this frame can share a connection with those in other tabs. */
async function canShare(): Promise<boolean> {
  try {
    await navigator.locks.query()
    return true
  } catch {
    return false // denied, or there are none
  }
}

function tellContext(chat: ChatClient, around: Page): void {
  const looking = new Looking({
    isUp: () => chat.phase.phase === "connected",
    tell: async ({ page, product = null }) =>
      page && (await chat.call("context.update", { page, product })),
  })
  chat.on("connection", () => looking.go())
  effect(() => {
    if (around.context.value) looking.at(around.context.value)
  })
}

/** Look as the shop wants it, without keeping that as a choice of the customer. */
function wear(look: Look): void {
  if (look.language) language.value = look.language
  if (look.theme) theme.value = look.theme
  applyTheme()
  const sheet = new CSSStyleSheet() // a style element would break the page's security policy
  sheet.replaceSync(accentRules(look.accent ?? ""))
  document.adoptedStyleSheets.push(sheet)
}
