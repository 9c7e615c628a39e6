// Notifications of the person of this page in this browser, also while no page is open.

import { type ChatClient, ChatError, WebPush } from "@chatserver/client"
import { effect, signal } from "@preact/signals"
import { createContext } from "preact"
import { useContext } from "preact/hooks"
import { notificationIn } from "../addresses.ts"
import { refusalText } from "../attempt.ts"
import { language } from "../i18n/index.ts"
import { toast } from "../overlays.ts"
import { show, showInstead, shown } from "../route.ts"
import { type Ability, ability } from "./ability.ts"
import { homeOf, keepHome, playedIn } from "./home.ts"
import { p } from "./texts.ts"
import type { Said } from "./words.ts"
import { ask, hearWorker, registered } from "./worker.ts"

const OWNER = "chatserver-push" // who is notified in this browser: a subscription is one person's
const LATER = "chatserver-push-later-"
const PATIENCE_MS = 2 ** 31 - 1 // some start on an island, and reach a network days later

/** How it is here: on, off, or why it cannot be on. */
export type Here = "on" | "off" | Exclude<Ability, "able">

/** The notifications of one person in this browser. */
export class Pushing {
  /** How it is here. */
  readonly here = signal<Here>("off")
  /** Whether it is a good moment to offer them. */
  readonly isOffered = signal(false)
  private readonly chat: ChatClient
  private readonly user: string
  private web: WebPush | null = null

  /** Of who chats on this page. */
  constructor(chat: ChatClient, user: string) {
    this.chat = chat
    this.user = user
    const able = ability()
    if (able !== "able") this.here.value = able
  }

  /** Go on where the last page was, and do what the worker says. */
  begin(): void {
    hearWorker((said) => this.hear(said))
    this.arrive()
    effect(() => this.tidy())
    document.addEventListener("visibilitychange", () => this.tidy())
    void this.resume()
    effect(() => {
      if (language.value && this.here.peek() === "on") void this.renew() // they speak it from now on
    })
  }

  /** Offer them once the person has written something, if they were not declined before. */
  offerAfterMessage(): void {
    if (localStorage.getItem(LATER + this.user)) return
    const off = this.chat.on("pending", ({ state }) => {
      if (state !== "sent") return
      off()
      void this.offer()
    })
  }

  /** Not now, and not again unless asked for. */
  decline(): void {
    localStorage.setItem(LATER + this.user, String(Date.now()))
    this.isOffered.value = false
  }

  /** Ask the browser, and be notified here from now on; says what hinders it. */
  async turnOn(): Promise<void> {
    const permission = await Notification.requestPermission()
    if (permission === "denied") this.here.value = "denied"
    if (permission !== "granted") return
    try {
      if (await this.start()) this.isOffered.value = false
      else toast(p().noServer)
    } catch (error) {
      toast(error instanceof ChatError ? refusalText(error.code) : p().unreachable)
    }
  }

  /** Not here any more. */
  async turnOff(): Promise<void> {
    localStorage.removeItem(OWNER)
    this.here.value = "off"
    const web = await this.webPush()
    await web?.stop().catch(() => {}) // the push service tells the server, too
  }

  private async offer(): Promise<void> {
    if (this.here.value !== "off" && this.here.value !== "home-screen") return
    const settings = await this.chat.pushPrefs().catch(() => null) // then there is nothing to offer
    this.isOffered.value = Boolean(settings?.web_key)
  }

  private hear(said: Said): unknown {
    switch (said.say) {
      case "looks":
        return this.isLookedAt(said.conversation)
      case "opened":
        show(said.conversation)
        return void (said.id !== "" && this.report(said.conversation, said.id))
      case "renew":
        return void this.renew()
    }
  }

  private isLookedAt(conversation: string): boolean {
    const about = this.chat.conversation(conversation)?.room?.notes_of ?? conversation
    return document.hasFocus() && this.here.value === "on" && shown.value === about
  }

  /** What is looked at needs no notification any more, nor do the notes beside it. */
  private tidy(): void {
    const { value: id } = shown
    if (id === null || document.visibilityState !== "visible") return
    for (const each of [id, this.chat.notesBeside(id)]) {
      if (each) void ask({ ask: "close", conversation: each })
    }
  }

  /** A notification led here: the address says so, for once. */
  private arrive(): void {
    const id = notificationIn(location.hash)
    if (id === null || shown.value === null) return
    showInstead(shown.value)
    void this.report(shown.value, id)
  }

  private async report(conversation: string, id: string): Promise<void> {
    try {
      await this.chat.ready(PATIENCE_MS)
      await this.chat.pushOpened(conversation, id)
    } catch {
      // it only counts how many are opened
    }
  }

  private async resume(): Promise<void> {
    const owner = localStorage.getItem(OWNER)
    if (owner === this.user) await this.renew()
    else if (owner !== null && playedIn(location.search) === null) await this.dropOther()
  }

  /** Another person is here now, who is to see nothing of the one before. */
  private async dropOther(): Promise<void> {
    localStorage.removeItem(OWNER)
    await (await this.webPush())?.unsubscribe().catch(() => {})
  }

  /** Tell the server anew; without a network, once there is one. */
  private async renew(): Promise<void> {
    if (localStorage.getItem(OWNER) !== this.user || !isAllowed()) return
    this.here.value = "on"
    await this.webPush() // which ends with this device
    try {
      await this.chat.ready(PATIENCE_MS)
      if (!(await this.start())) this.here.value = "off"
    } catch {
      // the next start tries again
    }
  }

  private async start(): Promise<boolean> {
    const web = await this.webPush()
    if (!(await web?.start(language.value))) return false
    localStorage.setItem(OWNER, this.user)
    await keepHome(homeOf(location.search))
    this.here.value = "on"
    return true
  }

  private async webPush(): Promise<WebPush | null> {
    const registration = await registered()
    if (registration) this.web ??= new WebPush(this.chat, registration)
    return this.web
  }
}

function isAllowed(): boolean {
  return ability() === "able" && Notification.permission === "granted"
}

export const PushingContext = createContext<Pushing | null>(null)

/** The notifications of the person of this page; none in a frame on a shop's own page. */
export function usePushing(): Pushing | null {
  return useContext(PushingContext)
}
