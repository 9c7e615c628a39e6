// What was found: conversations, people and messages, each of which leads to its place.

import type { Person } from "@chatserver/client"
import type { ComponentChildren } from "preact"
import { useEffect, useRef } from "preact/hooks"
import { attempt } from "../attempt.ts"
import { Avatar } from "../components/Avatar.tsx"
import { t } from "../i18n/index.ts"
import { moveFocus } from "../keys.ts"
import { useChat, useLive } from "../live.ts"
import { show } from "../route.ts"
import { FoundConversation, FoundMessage } from "./Found.tsx"
import { FILTERS, type Searching } from "./searching.ts"
import { s } from "./texts.ts"
import "./search.css"

/** `onChoose` is told before something is opened. */
export function SearchResults(props: { searching: Searching; onChoose?: () => void }) {
  const { searching, onChoose = () => {} } = props
  const { conversations, people, hits } = searching.found.value
  const isFound = searching.state.value === "found" || searching.state.value === "searching"
  return (
    <div class="found">
      <Filters searching={searching} />
      <Told searching={searching} />
      {isFound && (
        <>
          <Group title={s().conversations} isEmpty={conversations.length === 0}>
            {conversations.map((view) => (
              <FoundConversation key={view.id} view={view} onChoose={onChoose} />
            ))}
          </Group>
          <Group title={s().people} isEmpty={people.length === 0}>
            {people.map((person) => (
              <FoundPerson key={person.user} person={person} onChoose={onChoose} />
            ))}
          </Group>
          <Group title={s().messages} isEmpty={hits.length === 0}>
            {hits.map((hit) => (
              <FoundMessage
                key={`${hit.message.conversation} ${hit.message.seq}`}
                hit={hit}
                isNamed={searching.conversation === null}
                onChoose={onChoose}
              />
            ))}
          </Group>
          <More searching={searching} />
        </>
      )}
    </div>
  )
}

function Filters({ searching }: { searching: Searching }) {
  return (
    <fieldset class="found__filters">
      <legend class="hidden-text">{s().filter}</legend>
      {FILTERS.map((filter) => (
        <button
          key={filter}
          type="button"
          class="found__filter"
          aria-pressed={searching.filter.value === filter}
          onClick={() => searching.choose(filter)}
        >
          {s().filters[filter]}
        </button>
      ))}
    </fieldset>
  )
}

/** How the search stands, in a sentence. */
function Told({ searching }: { searching: Searching }) {
  const { state } = searching
  return (
    <div class="found__told">
      <p class="muted" role="status">
        {sentence(searching)}
      </p>
      {state.value === "failed" && (
        <button type="button" class="button" onClick={() => searching.again()}>
          {t().common.retry}
        </button>
      )}
    </div>
  )
}

function sentence({ state, found }: Searching): string {
  const { conversations, people, hits, more } = found.value
  const count = conversations.length + people.length + hits.length
  switch (state.value) {
    case "idle":
      return s().hint
    case "searching":
      return s().searching
    case "failed":
      return s().failed
    case "found":
      if (count === 0) return s().nothing
      return more ? s().foundMore(count) : s().found(count)
  }
}

function Group(props: { title: string; isEmpty: boolean; children: ComponentChildren }) {
  const { title, isEmpty, children } = props
  if (isEmpty) return null
  return (
    <div class="found__group">
      <h3>{title}</h3>
      <ul onKeyDown={moveAmongAll}>{children}</ul>
    </div>
  )
}

/** Arrows move over the ends of the groups. */
function moveAmongAll(event: KeyboardEvent): void {
  const all = (event.currentTarget as Element).closest(".found")
  if (all) moveFocus(event, all, ".found__one")
}

function FoundPerson({ person, onChoose }: { person: Person; onChoose: () => void }) {
  const chat = useChat()
  const presence = useLive(() => chat.presence(person.user)?.state, [person.user])
  const open = async () => {
    const id = await attempt(chat.open(person.user))
    if (id === null) return
    onChoose()
    show(id)
  }
  return (
    <li>
      <button type="button" class="found__one" onClick={() => void open()}>
        <Avatar id={person.user} name={person.name} presence={presence} size="small" />
        <span class="found__title ellipsis">{person.name}</span>
      </button>
    </li>
  )
}

/** The end of the list: once it comes into sight, more is fetched. */
function More({ searching }: { searching: Searching }) {
  const end = useRef<HTMLButtonElement>(null)
  const { hits, more } = searching.found.value
  useEffect(() => {
    if (!end.current) return
    const watching = new IntersectionObserver((seen) => {
      if (seen.some(({ isIntersecting }) => isIntersecting)) void searching.more()
    })
    watching.observe(end.current)
    return () => watching.disconnect()
  }, [searching, hits])
  if (!more) return null
  return (
    <button ref={end} type="button" class="found__more" onClick={() => void searching.more()}>
      {t().common.showMore}
    </button>
  )
}
