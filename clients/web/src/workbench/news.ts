// What reaches a consultant who looks elsewhere: the title, notifications of the desktop, a sound.

import type { ChatClient, Message } from "@chatserver/client"
import { effect, signal } from "@preact/signals"
import { announce } from "../shared/components/Announcer.tsx"
import { live } from "../shared/live.ts"
import { preview } from "../shared/preview.ts"
import { show, shown } from "../shared/route.ts"
import type { Bench } from "./bench.ts"
import { isUnassigned } from "./entries.ts"
import { notifications, sound } from "./settings.ts"
import { w } from "./texts/index.ts"

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
export function followNews(chat: ChatClient, bench: Bench): void {
  const unread = live(chat, () => chat.badge.unread)
  effect(() => {
    document.title = unread.value > 0 ? `(${unread.value}) ${w().title}` : w().title
  })
  chat.on("message", ({ conversation, message }) => {
    if (isNews(chat, conversation, message)) tellMessage(chat, conversation, message)
  })
  followDesk(bench)
}

/** Whoever begins to wait for anybody is news, but for those who wait when the page opens. */
function followDesk({ inbox }: Bench): void {
  let known: Set<string> | null = null
  effect(() => {
    if (!inbox.desk.value.isLoaded) return
    const waiting = inbox.all.value.filter(isUnassigned)
    for (const { id, title } of waiting) {
      if (!known || known.has(id)) continue
      announce(w().notify.unassigned(title))
      tell(w().notify.unassigned(title), "", id)
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

function tellMessage(chat: ChatClient, conversation: string, message: Message): void {
  const name = (user: string) => chat.name(user)
  const about = chat.conversation(conversation)?.room?.notes_of ?? conversation
  const isLooking = document.hasFocus() && shown.value === about
  if (!isLooking) tell(name(message.sender), preview(message, chat.me?.user ?? "", name), about)
}

function tell(title: string, body: string, conversation: string): void {
  if (sound.value === "on") chime()
  if (notifications.value !== "on" || permission.value !== "granted" || document.hasFocus()) return
  const told = new Notification(title, { body, tag: conversation, icon: "/icon.svg" })
  told.onclick = () => {
    focus()
    show(conversation)
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
