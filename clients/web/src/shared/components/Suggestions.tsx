// What is offered while something is written after a sign: people after `@`, other things after
// others. The focus stays in the text; arrows choose, Enter or Tab takes.

import type { ChatClient, Thread } from "@chatserver/client"
import { useSignal } from "@preact/signals"
import type { ComponentChildren, RefObject } from "preact"
import { useMemo } from "preact/hooks"
import { mayMentionAll } from "../actions.ts"
import { isOfMany } from "../conversations.ts"
import { type Draft, draftsOf, type Mention } from "../drafts.ts"
import { t } from "../i18n/index.ts"
import { useChat } from "../live.ts"
import { type Asked, asked, completed, fits } from "../suggest.ts"
import { Avatar } from "./Avatar.tsx"

const OFFERED = 8
const MEMBERS = 500 // more are found by their first page alone
const LIST = "composer-suggestions"

/** Something to be taken into the text. */
export interface Suggestion {
  key: string
  label: ComponentChildren
  /** What stands in the text then. */
  insert: string
  mention?: Mention
}

/** Where suggestions come from after a sign. */
export interface SuggestionSource {
  sign: string
  find: (query: string) => Promise<readonly Suggestion[]> | readonly Suggestion[]
}

/** Suggestions for a text: what is offered, and what the text has to tell. */
export function useSuggestions(
  thread: Thread,
  text: RefObject<HTMLTextAreaElement | null>,
  others: readonly SuggestionSource[],
  change: (changed: Partial<Draft>) => void,
) {
  const chat = useChat()
  const people = useMemo(() => membersOf(chat, thread.id), [chat, thread.id])
  const sources = isOfMany(thread) ? [people, ...others] : others
  const offered = useSignal<readonly Suggestion[]>([])
  const at = useSignal(0)
  const close = () => {
    offered.value = []
  }
  const current = (): Asked | null => {
    const box = text.current
    return (
      box &&
      asked(
        box.value,
        box.selectionStart,
        sources.map(({ sign }) => sign),
      )
    )
  }
  const look = async () => {
    const now = current()
    const source = sources.find(({ sign }) => sign === now?.sign)
    const found = now && source ? await source.find(now.query) : []
    if (current()?.query !== now?.query) return // it went on meanwhile
    offered.value = found.slice(0, OFFERED)
    at.value = 0
  }
  const take = (chosen: Suggestion) => {
    const box = text.current
    const now = current()
    close()
    if (!box || !now) return
    const made = completed(box.value, box.selectionStart, now, chosen.insert)
    const { mentions } = draftsOf(chat).of(thread.id).value
    const { mention } = chosen
    change({ text: made.text, ...(mention ? { mentions: [...mentions, mention] } : {}) })
    requestAnimationFrame(() => {
      box.focus()
      box.setSelectionRange(made.caret, made.caret)
    })
  }
  /** Whether the key was for the suggestions. */
  const onKeyDown = (event: KeyboardEvent): boolean => {
    const { length } = offered.value
    if (length === 0) return false
    const chosen = offered.value[at.value]
    if (event.key === "ArrowDown") at.value = (at.value + 1) % length
    else if (event.key === "ArrowUp") at.value = (at.value + length - 1) % length
    else if (event.key === "Escape") close()
    else if ((event.key === "Enter" || event.key === "Tab") && chosen) take(chosen)
    else return false
    event.preventDefault()
    event.stopPropagation()
    return true
  }
  const isOpen = offered.value.length > 0
  const aria = {
    "aria-autocomplete": "list" as const,
    "aria-controls": isOpen ? LIST : undefined,
    "aria-activedescendant": isOpen ? `${LIST}-${at.value}` : undefined,
  }
  return { offered: offered.value, at: at.value, look: () => void look(), take, onKeyDown, aria }
}

/** The list above the text. */
export function Suggestions(props: {
  offered: readonly Suggestion[]
  at: number
  take: (chosen: Suggestion) => void
}) {
  if (props.offered.length === 0) return null
  return (
    <div id={LIST} class="suggestions" role="listbox" aria-label={t().composer.suggestions}>
      {props.offered.map((each, at) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the text
        <div
          key={each.key}
          id={`${LIST}-${at}`}
          class="suggestion"
          role="option"
          aria-selected={at === props.at}
          tabIndex={-1}
          onMouseDown={(event) => event.preventDefault()} // the focus stays in the text
          onClick={() => props.take(each)}
        >
          {each.label}
        </div>
      ))}
    </div>
  )
}

/** The members of a room, asked for with the first `@`. */
function membersOf(chat: ChatClient, id: string): SuggestionSource {
  let members: Promise<Mention[]> | null = null
  return {
    sign: "@",
    async find(query) {
      members ??= fetchMembers(chat, id).catch(() => [])
      const thread = chat.thread(id)
      const everyone = { user: "", name: t().composer.everyone }
      const all = thread && mayMentionAll(thread) ? [everyone] : []
      return [...all, ...(await members)].filter(({ name }) => fits(name, query)).map(suggestion)
    },
  }
}

function suggestion({ user, name }: Mention): Suggestion {
  const label = (
    <>
      <Avatar id={user} name={name} size="small" />
      <span class="ellipsis">{name}</span>
    </>
  )
  return { key: user, label, insert: `@${name}`, mention: { user, name } }
}

async function fetchMembers(chat: ChatClient, conversation: string): Promise<Mention[]> {
  const found: Mention[] = []
  let after: string | null = null
  for (;;) {
    const page: { members: { user: string; name: string }[]; more: boolean } = await chat.call(
      "conversation.members",
      { conversation, after, limit: 100 },
    )
    found.push(...page.members.map(({ user, name }) => ({ user, name })))
    after = page.members.at(-1)?.user ?? null
    if (!page.more || !after || found.length >= MEMBERS) break
  }
  return found.filter(({ user }) => user !== chat.me?.user)
}
