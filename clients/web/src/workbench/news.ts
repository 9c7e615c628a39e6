// What reaches a consultant who looks elsewhere: the title, notifications of the desktop, a sound.

import type { ChatClient, Message } from "@chatserver/client"
import { effect, signal } from "@preact/signals"
import { addressOf } from "../shared/addresses.ts"
import { announce } from "../shared/components/Announcer.tsx"
import { live } from "../shared/live.ts"
import { preview } from "../shared/preview.ts"
import { homeOf } from "../shared/push/home.ts"
import type { Pushing } from "../shared/push/pushing.ts"
import { ask } from "../shared/push/worker.ts"
import { show, shown } from "../shared/route.ts"
import type { Bench } from "./bench.ts"
import { isUnassigned } from "./entries.ts"
import { notifications, sound } from "./settings.ts"
import { w } from "./texts/index.ts"

/** Something that came: a message, or somebody who waits. */
interface News {
  title: string
  text: string
  conversation: string
  /** Where it is shown: notes stand beside what they are about. */
  about: string
  /** The number of the message; 0 where it is none. */
  seq: number
}

/** What the browser says to notifications of this page. */
export const permission = signal<NotificationPermission | "unsupported">(
  "Notification" in globalThis ? Notification.permission : "unsupported",
)

/** Ask the browser; wanted from then on. */
export async function allowNotifications(): Promise<void> {
  permission.value = await Notification.requestPermission()
  if (permission.value === "granted") notifications.value = "on"
}

/** Tell of what comes from now on. */
export function followNews(chat: ChatClient, bench: Bench, pushing: Pushing): void {
  const unread = live(chat, () => chat.badge.unread)
  effect(() => {
    document.title = unread.value > 0 ? `(${unread.value}) ${w().title}` : w().title
  })
  chat.on("message", ({ conversation, message }) => {
    if (isNews(chat, conversation, message)) tell(newsOf(chat, conversation, message), pushing)
  })
  followDesk(bench, pushing)
}

/** Whoever begins to wait for anybody is news, but for those who wait when the page opens. */
function followDesk({ inbox }: Bench, pushing: Pushing): void {
  let known: Set<string> | null = null
  effect(() => {
    if (!inbox.desk.value.isLoaded) return
    const waiting = inbox.all.value.filter(isUnassigned)
    for (const { id, title } of waiting) {
      if (!known || known.has(id)) continue
      const told = w().notify.unassigned(title)
      announce(told)
      tell({ title: told, text: "", conversation: id, about: id, seq: 0 }, pushing)
    }
    known = new Set(waiting.map(({ id }) => id))
  })
}

function isNews(chat: ChatClient, conversation: string, message: Message): boolean {
  const known = chat.conversation(conversation)
  if (!known || message.sender === chat.me?.user || message.kind === "system") return false
  // what a sync brought was told long ago
  return chat.phase.phase === "connected" && !known.isMuted && message.seq > known.read
}

function newsOf(chat: ChatClient, conversation: string, message: Message): News {
  const name = (user: string) => chat.name(user)
  const about = chat.conversation(conversation)?.room?.notes_of ?? conversation
  const text = preview(message, chat.me?.user ?? "", name)
  return { title: name(message.sender), text, conversation, about, seq: message.seq }
}

function tell(news: News, pushing: Pushing): void {
  if (document.hasFocus() && shown.value === news.about) return
  if (sound.value === "on") chime()
  if (notifications.value !== "on" || permission.value !== "granted" || document.hasFocus()) return
  if (pushing.here.value === "on") showAsPushed(news)
  else showHere(news)
}

/** The worker shows the same message when it is pushed, if it is not shown by then. */
function showAsPushed({ title, text, conversation, about, seq }: News): void {
  const url = `${location.pathname}${homeOf(location.search)}${addressOf(about)}`
  void ask({ ask: "show", title, body: text, data: { id: "", conversation, seq, url } })
}

function showHere({ title, text, about }: News): void {
  const told = new Notification(title, { body: text, tag: about, icon: "/icon.svg" })
  told.onclick = () => {
    focus()
    show(about)
    told.close()
  }
}

let audio: AudioContext | null = null

/** Two soft notes; browsers keep quiet until somebody has used the page. */
function chime(): void {
  audio ??= new AudioContext()
  const { currentTime: from, destination } = audio
  for (const [at, hertz] of [
    [0, 660],
    [0.12, 880],
  ] as const) {
    const [tone, volume] = [audio.createOscillator(), audio.createGain()]
    tone.frequency.value = hertz
    volume.gain.setValueAtTime(0.08, from + at)
    volume.gain.exponentialRampToValueAtTime(0.001, from + at + 0.25)
    tone.connect(volume).connect(destination)
    tone.start(from + at)
    tone.stop(from + at + 0.25)
  }
}
