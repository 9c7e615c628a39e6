// Several messages that were forwarded together.

import type { Message } from "@chatserver/client"
import { exactly } from "../format.ts"
import { locale, t } from "../i18n/index.ts"
import { openDialog } from "../overlays.ts"
import { contentText } from "../preview.ts"
import { Dialog } from "./Overlays.tsx"
import { RichText } from "./RichText.tsx"

const LINES = 4

interface Forwarded {
  name: string
  kind: Message["kind"]
  body: Message["body"]
  at: number
}

/** Whether a message carries others. */
export function isForwarded(message: Message): boolean {
  return message.kind === "card" && message.body.type === "forward"
}

/** The first lines of them; a click shows all. */
export function ForwardedCard({ message, tabIndex }: { message: Message; tabIndex: number }) {
  const all = carried(message)
  return (
    <button
      type="button"
      class="card"
      tabIndex={tabIndex}
      onClick={() => openDialog(() => <All messages={all} />)}
    >
      <span class="card__title">{t().kinds.forwarded}</span>
      {all.slice(0, LINES).map((each) => (
        <span key={each.at} class="card__line ellipsis">
          {t().list.said(each.name, contentText(each))}
        </span>
      ))}
    </button>
  )
}

function All({ messages }: { messages: Forwarded[] }) {
  return (
    <Dialog title={t().kinds.forwarded}>
      <ul class="people">
        {messages.map((each) => (
          <li key={each.at}>
            <p class="muted">
              {each.name} · {exactly(each.at, locale())}
            </p>
            <p class="bubble__text">
              <RichText text={contentText(each)} />
            </p>
          </li>
        ))}
      </ul>
    </Dialog>
  )
}

/** What it carries, as far as that can be read: anybody may have written it. */
function carried(message: Message): Forwarded[] {
  const { messages } = message.body
  if (!Array.isArray(messages)) return []
  return messages
    .filter((each) => typeof each === "object" && each !== null)
    .map((each: Partial<Forwarded>) => ({
      name: String(each.name ?? ""),
      kind: each.kind ?? "text",
      body: typeof each.body === "object" && each.body !== null ? each.body : {},
      at: Number(each.at ?? 0),
    }))
}
