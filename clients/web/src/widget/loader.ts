// The script that a shop puts into its own site: a button, and on demand the chat in a frame.
// Nothing of the chat itself is loaded before it is wanted.

import { Frame } from "./frame.ts"
import type { Context, ToPage } from "./messages.ts"
import type { ChatSettings, ChatWidget } from "./settings.ts"
import { type Labels, Shell } from "./shell.ts"
import { OtherTabs } from "./tabs.ts"
import { installation, memory } from "./visit.ts"

const LABELS: Record<"zh" | "en", Labels & { title: string }> = {
  en: {
    title: "Chat with the shop",
    open: "Open the chat",
    close: "Close the chat",
    unread: (count) => `${count} unread`,
  },
  zh: {
    title: "与门店聊天",
    open: "打开聊天",
    close: "关闭聊天",
    unread: (count) => `${count} 条未读`,
  },
}
const SCRIPT = (document.currentScript as HTMLScriptElement | null)?.src

/** The chat on a page, from its boot to its shutdown. */
class Booted {
  private readonly settings: ChatSettings
  private readonly server: string
  private readonly labels: (typeof LABELS)["en"]
  private readonly shell: Shell
  private readonly unread: (count: number) => void
  private readonly looksElsewhere = () => this.tellContext()
  private readonly looksHere = () => this.isAway && !document.hidden && this.load()
  private readonly tabs = new OtherTabs({
    taken: () => this.yield(),
    unread: (count) => this.count(count),
  })
  private isAlone = false // the chat is live in one tab only
  private isAway = false // and now in another one
  private frame: Frame | null = null
  private context: Context
  private takesFocus = false

  constructor(settings: ChatSettings, unread: (count: number) => void) {
    this.settings = settings
    this.unread = unread
    this.server = new URL(settings.server ?? SCRIPT ?? location.href, location.href).origin
    this.context = settings.context || {}
    this.labels = LABELS[language(settings)]
    const { position = "right", theme = "auto", accent = "" } = settings
    const look = { position, theme, accent, labels: this.labels }
    this.shell = new Shell(look, () => this.turn(!this.shell.isOpen))
    // an application that is one page changes its address without a load
    addEventListener("popstate", this.looksElsewhere)
    globalThis.navigation?.addEventListener("currententrychange", this.looksElsewhere)
    document.addEventListener("visibilitychange", this.looksHere)
    const before = memory()
    if (before === "open" && !this.shell.isWhole) this.turn(true, false)
    else if (before !== null || settings.unread) this.load()
  }

  /** Open or close the chat. */
  turn(isOpen: boolean, takesFocus = true): void {
    if (isOpen === this.shell.isOpen) return
    memory(isOpen ? "open" : "closed")
    this.takesFocus = isOpen && takesFocus
    this.load()
    this.shell.turn(isOpen)
    if (this.takesFocus) this.frame?.element.focus()
    this.tellShown()
  }

  /** Load the frame, unless it is there. */
  load(): void {
    if (this.frame) return
    this.isAway = false
    this.frame = new Frame(this.server, this.labels.title, (message) => this.hear(message))
    this.shell.hold(this.frame.element)
  }

  /** The customer looks at something else. */
  look(context: Context): void {
    this.context = context
    this.tellContext()
  }

  /** Take everything off the page. */
  close(): void {
    memory(null)
    removeEventListener("popstate", this.looksElsewhere)
    globalThis.navigation?.removeEventListener("currententrychange", this.looksElsewhere)
    document.removeEventListener("visibilitychange", this.looksHere)
    this.tabs.close()
    this.frame?.close()
    this.shell.close()
  }

  /** Another tab has the chat now; it comes back when this one is looked at again. */
  private yield(): void {
    if (!this.frame) return
    this.isAway = true
    this.shell.turn(false)
    this.frame.close()
    this.frame = null
  }

  private hear(message: ToPage): void {
    if (message.chat === "ready") this.begin()
    else if (message.chat === "token") void this.giveToken()
    else if (message.chat === "hide") this.turn(false)
    else if (message.chat === "alone") {
      this.isAlone = true
      this.tabs.take()
    } else if (message.chat === "unread") {
      this.count(message.count)
      if (this.isAlone) this.tabs.count(message.count)
    }
  }

  private count(unread: number): void {
    this.shell.count(unread)
    this.unread(unread)
  }

  private begin(): void {
    const { theme, accent, token } = this.settings
    const look = { language: language(this.settings), theme, accent }
    const hasToken = token !== undefined
    this.frame?.tell({ chat: "begin", look, hasToken, installation: installation() })
    this.tellShown()
    this.tellContext()
  }

  private tellShown(): void {
    const { isOpen } = this.shell
    this.frame?.tell({ chat: "shown", isShown: isOpen, takesFocus: this.takesFocus })
  }

  private tellContext(): void {
    if (this.settings.context === false) return
    const page = { url: location.href.split("#")[0] ?? "", title: document.title }
    this.frame?.tell({ chat: "context", context: { page, ...this.context } })
  }

  private async giveToken(): Promise<void> {
    const { token } = this.settings
    let given: string | null = null
    try {
      given = (typeof token === "function" ? await token() : token) ?? null
    } finally {
      this.frame?.tell({ chat: "token", token: given }) // the frame tries again later
    }
  }
}

function language(settings: ChatSettings): "zh" | "en" {
  const spoken = settings.language ?? (document.documentElement.lang || navigator.language)
  return spoken.toLowerCase().startsWith("zh") ? "zh" : "en"
}

/** What the page gets to hold. */
class Widget implements ChatWidget {
  private booted: Booted | null = null
  private readonly listeners = new Set<(count: number) => void>()
  private count: number | null = null

  boot(settings: ChatSettings = {}): void {
    this.booted?.close()
    this.count = null
    this.booted = new Booted({ ...window.chatSettings, ...settings }, (count) => {
      this.count = count
      for (const listener of this.listeners) listener(count)
    })
    if (this.listeners.size > 0) this.booted.load()
  }

  shutdown(): void {
    this.booted?.close()
    this.booted = null
    this.count = null
  }

  show(): void {
    this.booted?.turn(true)
  }

  hide(): void {
    this.booted?.turn(false)
  }

  onUnreadCountChange(listener: (count: number) => void): () => void {
    this.listeners.add(listener)
    this.booted?.load()
    if (this.count !== null) listener(this.count)
    return () => this.listeners.delete(listener)
  }

  setContext(context: Context): void {
    this.booted?.look(context)
  }
}

if (!window.chatWidget) {
  window.chatWidget = new Widget()
  if (window.chatSettings) window.chatWidget.boot()
}
