// One message.

import type { Shown } from "@chatserver/client"
import type { MessageRow } from "../days.ts"
import { isNote } from "../days.ts"
import { clock } from "../format.ts"
import { locale, t } from "../i18n/index.ts"
import { useChat } from "../live.ts"
import { contentText, preview } from "../preview.ts"
import { Avatar } from "./Avatar.tsx"
import { RichText } from "./RichText.tsx"
import { Ticks } from "./Ticks.tsx"
import "./Bubble.css"

/** A message as a bubble, or what the server says as a line. `isRoom` shows who said it. */
export function Bubble({ row, isRoom }: { row: MessageRow; isRoom: boolean }) {
  const { shown, opens, closes } = row
  if (isNote(shown)) return <Note shown={shown} />
  const sides = `${shown.mine ? "bubble-row--mine" : ""} ${opens ? "bubble-row--opens" : ""}`
  return (
    <div class={`bubble-row ${sides} ${closes ? "bubble-row--closes" : ""}`}>
      {!shown.mine && (
        <span class="bubble-row__side">
          {closes && <Avatar id={shown.sender} name={shown.name} size="small" />}
        </span>
      )}
      <div class="bubble">
        {isRoom && opens && !shown.mine && <span class="bubble__name">{shown.name}</span>}
        <span class="bubble__text">
          <RichText text={textOf(shown)} />
        </span>
        <span class="bubble__foot">
          {shown.message?.edited_at ? <span>{t().thread.edited}</span> : null}
          <time dateTime={new Date(shown.at).toISOString()}>{clock(shown.at, locale())}</time>
          {shown.tick && <Ticks tick={shown.tick} />}
        </span>
      </div>
    </div>
  )
}

function Note({ shown }: { shown: Shown }) {
  const chat = useChat()
  const { message } = shown
  if (!message) return null
  return <p class="note">{preview(message, chat.me?.user ?? "", (user) => chat.name(user))}</p>
}

function textOf({ message, text }: Shown): string {
  if (!message) return text
  return message.deleted ? t().thread.deleted : contentText(message)
}
