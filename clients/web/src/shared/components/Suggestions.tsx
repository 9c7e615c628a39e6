// What is offered while something is written after a sign: people after `@`, other things after
// others. The focus stays in the text; arrows choose, Enter or Tab takes.

import type { ChatClient, Thread } from "@chatserver/client"
import { signal } from "@preact/signals"
import type { ComponentChildren, RefObject } from "preact"
import { useMemo } from "preact/hooks"
import { mayMentionAll } from "../actions.ts"
import { isOfMany } from "../conversations.ts"
import { draftsOf, type Mention } from "../drafts.ts"
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

/** What is offered for a text, and what its keys do then. */
export class Suggesting {
  readonly offered = signal<readonly Suggestion[]>([])
  readonly at = signal(0)
  sources: readonly SuggestionSource[] = []
  private readonly box: () => HTMLTextAreaElement | null
  private readonly change: (text: string, mention?: Mention) => void

  /** `box` is where the text is, `change` takes the text with what was chosen in it. */
  constructor(
    box: () => HTMLTextAreaElement | null,
    change: (text: string, mention?: Mention) => void,
  ) {
    this.box = box
    this.change = change
  }

  /** The text moved: offer what it asks for now. */
  async look(): Promise<void> {
    const now = this.asked()
    const source = this.sources.find(({ sign }) => sign === now?.sign)
    const found = now && source ? await source.find(now.query) : []
    if (this.asked()?.query !== now?.query) return // it went on meanwhile
    this.offered.value = found.slice(0, OFFERED)
    this.at.value = 0
  }

  /** Put what was chosen in place of what was asked. */
  take(chosen: Suggestion): void {
    const box = this.box()
    const now = this.asked()
    this.offered.value = []
    if (!box || !now) return
    const made = completed(box.value, box.selectionStart, now, chosen.insert)
    this.change(made.text, chosen.mention)
    requestAnimationFrame(() => {
      box.focus()
      box.setSelectionRange(made.caret, made.caret)
    })
  }

  /** Whether the key was for the suggestions. */
  onKeyDown(event: KeyboardEvent): boolean {
    const { length } = this.offered.value
    if (length === 0 || !this.does(event.key, length)) return false
    event.preventDefault()
    event.stopPropagation()
    return true
  }

  /** What the text tells of them. */
  get aria() {
    const isOpen = this.offered.value.length > 0
    return {
      "aria-autocomplete": "list" as const,
      "aria-controls": isOpen ? LIST : undefined,
      "aria-activedescendant": isOpen ? `${LIST}-${this.at.value}` : undefined,
    }
  }

  private does(key: string, length: number): boolean {
    const chosen = this.offered.value[this.at.value]
    if (key === "ArrowDown") this.at.value = (this.at.value + 1) % length
    else if (key === "ArrowUp") this.at.value = (this.at.value + length - 1) % length
    else if (key === "Escape") this.offered.value = []
    else if ((key === "Enter" || key === "Tab") && chosen) this.take(chosen)
    else return false
    return true
  }

  private asked(): Asked | null {
    const box = this.box()
    const signs = this.sources.map(({ sign }) => sign)
    return box && asked(box.value, box.selectionStart, signs)
  }
}

/** Suggestions for the text of a conversation. */
export function useSuggestions(
  thread: Thread,
  text: RefObject<HTMLTextAreaElement | null>,
  others: readonly SuggestionSource[],
): Suggesting {
  const chat = useChat()
  const { id } = thread
  const people = useMemo(() => membersOf(chat, id), [chat, id])
  const suggesting = useMemo(() => {
    const drafts = draftsOf(chat)
    return new Suggesting(
      () => text.current,
      (made, mention) => {
        const { mentions } = drafts.of(id).value
        drafts.change(id, { text: made, mentions: mention ? [...mentions, mention] : mentions })
      },
    )
  }, [chat, id, text])
  suggesting.sources = isOfMany(thread) ? [people, ...others] : others
  return suggesting
}

/** The list above the text. */
export function Suggestions({ suggesting }: { suggesting: Suggesting }) {
  const offered = suggesting.offered.value
  if (offered.length === 0) return null
  return (
    <div id={LIST} class="suggestions" role="listbox" aria-label={t().composer.suggestions}>
      {offered.map((each, at) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the text
        <div
          key={each.key}
          id={`${LIST}-${at}`}
          class="suggestion"
          role="option"
          aria-selected={at === suggesting.at.value}
          tabIndex={-1}
          onMouseDown={(event) => event.preventDefault()} // the focus stays in the text
          onClick={() => suggesting.take(each)}
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
