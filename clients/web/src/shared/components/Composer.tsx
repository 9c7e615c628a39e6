// Where a message is written, answered or edited.

import type { Thread } from "@chatserver/client"
import type { ComponentChildren } from "preact"
import { useEffect, useRef, useState } from "preact/hooks"
import { mayWrite } from "../actions.ts"
import { attempt } from "../attempt.ts"
import { type Draft, draftsOf } from "../drafts.ts"
import { exactly } from "../format.ts"
import { locale, t } from "../i18n/index.ts"
import { useChat, useLive } from "../live.ts"
import { AttachButton } from "../media/Attach.tsx"
import { isRecording, RecordButton, RecordingRow } from "../media/Recorder.tsx"
import { closeMenu } from "../overlays.ts"
import { COMPOSER, focusComposer } from "./composing.ts"
import { IconButton } from "./Icon.tsx"
import { editLast } from "./messageMenu.tsx"
import { QuoteText } from "./Quote.tsx"
import { type SuggestionSource, Suggestions, useSuggestions } from "./Suggestions.tsx"
import "./Composer.css"

const FOR_EVER = 2 ** 53
const TIMER_MAX_MS = 2 ** 31 - 1
const NO_SOURCES: readonly SuggestionSource[] = []

/** What may be given to it. */
export interface ComposerProps {
  id: string
  /** What signs beside `@` ask for. */
  sources?: readonly SuggestionSource[]
  /** Whether the caret goes there at once. */
  takesFocus?: boolean
  placeholder?: string
  /** What the field is called. */
  label?: string
  /** Which key sends; the other one begins a line. */
  sendKey?: "enter" | "ctrl-enter"
  /** What stands before the field. */
  before?: ComponentChildren
}

/** The composer, or why nothing can be written here. */
export function Composer(props: ComposerProps) {
  const thread = useLive((chat) => chat.thread(props.id), [props.id])
  useWakeAt(thread?.me.muted_until ?? 0, thread?.room?.muted_until ?? 0)
  if (!thread) return null
  const may = mayWrite(thread, Date.now())
  if (may === "invited") return <Invitation id={props.id} />
  if (may !== "yes") return <p class="composer composer__why">{whyNot(thread, may)}</p>
  return <Writing {...props} thread={thread} />
}

function Writing(props: WritingProps) {
  const { placeholder, label } = props
  const { id, text, draft, suggesting, isTooLong, submit, listeners } = useWriting(props)
  const chat = useChat()
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Suggestions suggesting={suggesting} />
      <About id={id} draft={draft} onCancel={() => draftsOf(chat).dropSubject(id)} />
      {isRecording(id) && <RecordingRow id={id} />}
      <div class="composer__row" hidden={isRecording(id)}>
        {props.before}
        {draft.editing === null && <AttachButton id={id} />}
        <textarea
          ref={text}
          id={COMPOSER}
          class="composer__text"
          rows={1}
          aria-label={label ?? t().composer.label}
          aria-invalid={isTooLong}
          placeholder={placeholder ?? t().composer.placeholder}
          value={draft.text}
          {...suggesting.aria}
          {...listeners}
        />
        {draft.text === "" && draft.editing === null && <RecordButton id={id} />}
        <IconButton
          class="composer__send"
          icon={draft.editing === null ? "send" : "check"}
          label={draft.editing === null ? t().composer.send : t().common.save}
          disabled={draft.text.trim() === "" || isTooLong}
          onClick={submit}
        />
      </div>
      {isTooLong && <p class="composer__warning">{t().composer.tooLong}</p>}
    </form>
  )
}

type WritingProps = ComposerProps & { thread: Thread }

/** What the composer of a conversation holds and does. */
function useWriting({ id, thread, sources = NO_SOURCES, takesFocus, sendKey }: WritingProps) {
  const chat = useChat()
  const drafts = draftsOf(chat)
  const draft = drafts.of(id).value
  const text = useRef<HTMLTextAreaElement>(null)
  const suggesting = useSuggestions(thread, text, sources)
  useEffect(() => {
    if (takesFocus) focusComposer()
  }, [id, takesFocus])
  useGrowing(text, draft.text)
  const isTooLong = isLonger(draft.text, chat.limits.text_bytes ?? 8192)
  const submit = () => {
    if (draft.text.trim() !== "" && !isTooLong) send(chat, id, draft)
    text.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing || suggesting.onKeyDown(event)) return
    if (event.key === "Enter" && sends(event, sendKey)) submit()
    else if (event.key === "Escape" && isAbout(draft)) drafts.dropSubject(id)
    else if (event.key !== "ArrowUp" || draft.text !== "" || !editLast(chat, id)) return
    event.preventDefault()
  }
  const onInput = (event: { currentTarget: HTMLTextAreaElement }) => {
    const { value } = event.currentTarget
    drafts.change(id, { text: value })
    if (draft.editing === null) chat.typing(id, value !== "")
    void suggesting.look()
  }
  const onBlur = () => chat.typing(id, false)
  const listeners = { onKeyDown, onInput, onBlur, onFocus: closeMenu }
  return { id, text, draft, suggesting, isTooLong, submit, listeners }
}

/** What the text is about: the message that is answered or edited. */
function About({ id, draft, onCancel }: { id: string; draft: Draft; onCancel: () => void }) {
  const seq = draft.editing ?? draft.replyTo
  if (seq === null) return null
  return (
    <div class="composer__about">
      <div>
        {draft.editing === null ? (
          <QuoteText id={id} seq={seq} />
        ) : (
          <span class="quote__name">{t().composer.editing}</span>
        )}
      </div>
      <IconButton icon="close" label={t().common.cancel} onClick={onCancel} />
    </div>
  )
}

function Invitation({ id }: { id: string }) {
  const chat = useChat()
  const answer = (call: "conversation.join" | "conversation.leave") =>
    void attempt(chat.call(call, { conversation: id }))
  return (
    <div class="composer">
      <p class="composer__why">{t().composer.invited}</p>
      <div class="composer__answers">
        <button type="button" class="button" onClick={() => answer("conversation.leave")}>
          {t().composer.decline}
        </button>
        <button
          type="button"
          class="button button--main"
          onClick={() => answer("conversation.join")}
        >
          {t().composer.join}
        </button>
      </div>
    </div>
  )
}

function whyNot(thread: Thread, may: Hindrance): string {
  const { why } = t().composer
  const until = may === "muted" ? thread.me.muted_until : (thread.room?.muted_until ?? FOR_EVER)
  const when = until < FOR_EVER ? exactly(until, locale()) : ""
  return why[may](when)
}

function send(chat: ReturnType<typeof useChat>, id: string, draft: Draft): void {
  const text = draft.text.trim()
  chat.typing(id, false)
  if (draft.editing !== null) {
    draftsOf(chat).dropSubject(id)
    return void attempt(chat.edit(id, draft.editing, text))
  }
  draftsOf(chat).clear(id)
  const named = draft.mentions.filter(({ name }) => text.includes(`@${name}`))
  const mentions = named.flatMap(({ user }) => (user === "" ? [] : [user]))
  chat.send(id, text, {
    mentions,
    mentionAll: named.some(({ user }) => user === ""),
    ...(draft.replyTo === null ? {} : { replyTo: draft.replyTo }),
  })
}

function sends({ shiftKey, ctrlKey, metaKey }: KeyboardEvent, key = "enter"): boolean {
  return ctrlKey || metaKey || (key === "enter" && !shiftKey)
}

function isAbout({ editing, replyTo }: Draft): boolean {
  return editing !== null || replyTo !== null
}

function isLonger(text: string, bytes: number): boolean {
  return text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes
}

type Hindrance = Exclude<ReturnType<typeof mayWrite>, "yes" | "invited">

/** Look again as soon as one of these times is past. */
function useWakeAt(...times: number[]): void {
  const [, again] = useState({})
  const left = Math.min(...times.map((time) => time - Date.now()).filter((ms) => ms > 0))
  useEffect(() => {
    if (left > TIMER_MAX_MS) return
    const timer = setTimeout(() => again({}), left)
    return () => clearTimeout(timer)
  }, [left])
}

/** Where CSS does not let a field grow with its text, this does. */
function useGrowing(text: { current: HTMLTextAreaElement | null }, value: string): void {
  useEffect(() => {
    const { current } = text
    if (!current || CSS.supports("field-sizing", "content")) return
    current.style.height = "auto"
    current.style.height = `${current.scrollHeight + 2}px`
  }, [text, value])
}
