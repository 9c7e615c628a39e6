// The page in the frame: who the customer is says the shop's page, or the shop's site.

import { effect } from "@preact/signals"
import { render } from "preact"
import { language } from "../shared/i18n/index.ts"
import { ChatContext } from "../shared/live.ts"
import { preparePage } from "../shared/page.ts"
import { followAddress } from "../shared/route.ts"
import { beginChat, type Identity, identityOf, whoAmI } from "../shared/session.ts"
import { Nobody } from "../shared/start.tsx"
import { applyTheme, theme } from "../shared/theme.ts"
import { App } from "./App.tsx"
import { accents } from "./accent.ts"
import { goByLinks } from "./going.ts"
import { Looking } from "./looking.ts"
import type { Look } from "./messages.ts"
import { type Page, pageAround } from "./page.ts"

const root = preparePage()
const page = pageAround()
followAddress()
if (page) goByLinks()
const identity = page ? await through(page) : await whoAmI()
if (identity) begin(identity)
else render(<Nobody />, root)

async function through(page: Page): Promise<Identity | null> {
  const { look, hasToken } = await page.begun
  wear(look)
  return hasToken ? identityOf(page.token) : whoAmI({ mayChoose: false })
}

function begin(identity: Identity): void {
  const isInFront = () => page?.shown.value.isShown ?? true
  const chat = beginChat(identity, isInFront)
  if (page) {
    const looking = new Looking({
      isUp: () => chat.phase.phase === "connected",
      tell: ({ page, product }) =>
        page ? chat.call("context.update", { page, product: product ?? null }) : Promise.resolve(),
    })
    chat.on("connection", () => looking.go())
    effect(() => {
      if (page.context.value) looking.at(page.context.value)
    })
    effect(() => chat.setForeground(isInFront() && document.visibilityState === "visible"))
  }
  render(
    <ChatContext.Provider value={chat}>
      <App page={page} />
    </ChatContext.Provider>,
    root,
  )
}

/** Look as the shop wants it, without keeping that as a choice of the customer. */
function wear(look: Look): void {
  if (look.language) language.value = look.language
  if (look.theme) theme.value = look.theme
  applyTheme()
  for (const [name, value] of Object.entries(accents(look.accent ?? "") ?? {}))
    document.documentElement.style.setProperty(name, value)
}
