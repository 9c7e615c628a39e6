// Reactions below a message, and the bar from which one is chosen.

import type { Shown } from "@chatserver/client"
import { attempt } from "../attempt.ts"
import { t } from "../i18n/index.ts"
import { useChat } from "../live.ts"
import { closeMenu } from "../overlays.ts"
import { useInnerTab, useTools } from "./threadTools.ts"

const OFFERED = ["👍", "❤️", "😄", "🎉", "🙏", "🌷"]

/** The reactions that a message has; a click adds mine or takes it away. */
export function Reactions({ shown }: { shown: Shown }) {
  const chat = useChat()
  const { id } = useTools()
  const tabIndex = useInnerTab(shown.key)
  const { message } = shown
  const all = Object.entries(message?.reactions ?? {})
  if (!message || all.length === 0) return null
  const me = chat.me?.user ?? ""
  return (
    <div class="reactions">
      {all.map(([reaction, users]) => {
        const mine = users.includes(me)
        const names = users.map((user) => (user === me ? t().common.you : chat.name(user)))
        return (
          <button
            key={reaction}
            type="button"
            class="reaction"
            aria-pressed={mine}
            aria-label={`${reaction} ${users.length}: ${names.join(", ")}`}
            title={names.join(", ")}
            tabIndex={tabIndex}
            onClick={() => void attempt(chat.react(id, message.seq, reaction, !mine))}
          >
            {reaction} <span>{users.length}</span>
          </button>
        )
      })}
    </div>
  )
}

/** The bar above a message's menu. */
export function ReactBar({ id, shown }: { id: string; shown: Shown }) {
  const chat = useChat()
  const { message } = shown
  if (!message) return null
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of menu items
    <div class="react-bar" role="group" aria-label={t().menu.react}>
      {OFFERED.map((reaction) => {
        const mine = message.reactions?.[reaction]?.includes(chat.me?.user ?? "") ?? false
        return (
          <button
            key={reaction}
            type="button"
            role="menuitemcheckbox"
            aria-checked={mine}
            aria-label={reaction}
            tabIndex={-1}
            onClick={() => {
              closeMenu()
              void attempt(chat.react(id, message.seq, reaction, !mine))
            }}
          >
            {reaction}
          </button>
        )
      })}
    </div>
  )
}
