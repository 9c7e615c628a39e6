// One message, with all that hangs on it.

import type { Shown } from "@chatserver/client"
import { refusalText } from "../attempt.ts"
import { CardContent, isCard } from "../cards/Card.tsx"
import { isNote, type MessageRow } from "../days.ts"
import { clock, exactly } from "../format.ts"
import { EVERYONE, locale, t } from "../i18n/index.ts"
import { useChat } from "../live.ts"
import { isMedium, Medium } from "../media/Medium.tsx"
import { mediaRefusal } from "../media/refusals.ts"
import { contentText, preview } from "../preview.ts"
import { Avatar } from "./Avatar.tsx"
import { IconButton } from "./Icon.tsx"
import { useLongPress } from "./longPress.ts"
import { Quote } from "./Quote.tsx"
import { Reactions } from "./Reactions.tsx"
import { RichText } from "./RichText.tsx"
import { Ticks } from "./Ticks.tsx"
import { useInnerTab, useTools } from "./threadTools.ts"
import "./Bubble.css"

const FEW_SIGNS = /^(?:\p{Extended_Pictographic}(?:\ufe0f|\u200d|[\u{1f3fb}-\u{1f3ff}])*){1,3}$/u

const NOTHING_YET = { kind: "text", body: {} } as const

/** A message as a bubble, or what the server says as a line. */
export function Bubble({ row }: { row: MessageRow }) {
  const { shown, opens, closes } = row
  const tools = useTools()
  const press = useLongPress((at) => tools.openMenu(shown, at))
  const sides = `${shown.mine ? "bubble-row--mine" : ""} ${opens ? "bubble-row--opens" : ""}`
  return (
    <article
      class={isNote(shown) ? "" : `bubble-row ${sides} ${closes ? "bubble-row--closes" : ""}`}
      tabIndex={tools.focused.value === row.key ? 0 : -1}
      aria-label={useLabel(shown)}
      onFocus={() => tools.noteFocus(row.key)}
      {...press}
    >
      {isNote(shown) ? <Note shown={shown} /> : <Said row={row} />}
    </article>
  )
}

function Said({ row: { shown, opens, closes } }: { row: MessageRow }) {
  const tools = useTools()
  return (
    <>
      {!shown.mine && (
        <span class="bubble-row__side">
          {closes && <Avatar id={shown.sender} name={shown.name} size="small" />}
        </span>
      )}
      <div class="bubble-row__body">
        <div class="bubble-row__line">
          <div class={`bubble ${tools.flash.value === shown.key ? "bubble--flash" : ""}`}>
            {tools.isRoom && opens && !shown.mine && <span class="bubble__name">{shown.name}</span>}
            <Content shown={shown} />
            <Foot shown={shown} />
          </div>
          <span class="bubble__tools">
            <IconButton
              icon="more"
              label={t().common.more}
              isSkipped
              onClick={({ currentTarget }) => tools.openMenu(shown, currentTarget as Element)}
            />
          </span>
        </div>
        <Reactions shown={shown} />
        {shown.tick === "failed" && <Failed shown={shown} />}
      </div>
    </>
  )
}

/** What somebody said: its text, card or medium. */
export function Content({ shown }: { shown: Shown }) {
  const { message, draft } = shown
  const tools = useTools()
  const chat = useChat()
  const tabIndex = useInnerTab(shown.key)
  if (message?.deleted) return <span class="bubble__text--gone">{t().thread.deleted}</span>
  const content = message ?? draft
  const answered = content?.reply_to
  const text = message ? contentText(message) : shown.text
  const named = [...(content?.mentions ?? [])].map((user) => chat.name(user))
  const names = content?.mention_all ? [...named, ...EVERYONE] : named
  const big = FEW_SIGNS.test(text.trim()) ? "bubble__text--big" : ""
  return (
    <>
      {message?.forwarded && (
        <span class="bubble__label">{t().thread.forwardedFrom(message.forwarded.name)}</span>
      )}
      {answered ? (
        <Quote
          id={tools.id}
          seq={answered}
          tabIndex={tabIndex}
          onJump={() => tools.jump(answered)}
        />
      ) : null}
      {isMedium(shown) && <Medium shown={shown} />}
      {isCard(content) ? (
        <CardContent content={content} shown={shown} tabIndex={tabIndex} />
      ) : isMedium(shown) && shown.text === "" ? null : (
        <span class={`bubble__text ${big}`}>
          <RichText text={text} names={names} />
        </span>
      )}
    </>
  )
}

function Foot({ shown }: { shown: Shown }) {
  return (
    <span class="bubble__foot">
      {shown.message?.pinned && <span>{t().thread.pinned}</span>}
      {shown.message?.edited_at ? <span>{t().thread.edited}</span> : null}
      <time dateTime={new Date(shown.at).toISOString()} title={exactly(shown.at, locale())}>
        {clock(shown.at, locale())}
      </time>
      {shown.tick && <Ticks tick={shown.tick} />}
    </span>
  )
}

function Failed({ shown }: { shown: Shown }) {
  const chat = useChat()
  return (
    <div class="failed">
      <span>{(shown.attachment ? mediaRefusal : refusalText)(shown.error?.code ?? "")}</span>
      <button type="button" onClick={() => chat.retry(shown.key)}>
        {t().common.retry}
      </button>
      <button type="button" onClick={() => chat.discard(shown.key)}>
        {t().menu.discard}
      </button>
    </div>
  )
}

function Note({ shown: { message } }: { shown: Shown }) {
  const chat = useChat()
  if (!message) return null
  return <p class="note">{preview(message, chat.me?.user ?? "", (user) => chat.name(user))}</p>
}

/** A message as one sentence, for who hears the page. */
function useLabel(shown: Shown): string {
  const chat = useChat()
  const { message } = shown
  const me = chat.me?.user ?? ""
  const text = message
    ? preview(message, me, (user) => chat.name(user))
    : contentText(shown.draft ?? NOTHING_YET)
  const when = clock(shown.at, locale())
  if (isNote(shown)) return `${text}, ${when}`
  const who = shown.mine ? t().common.you : shown.name
  const tick = shown.tick ? `, ${t().tick[shown.tick]}` : ""
  return `${t().thread.said(who, text)}, ${when}${tick}`
}
