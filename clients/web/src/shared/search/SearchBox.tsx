// Where words to search for are typed.

import { Icon, IconButton } from "../components/Icon.tsx"
import type { Searching } from "./searching.ts"
import { s } from "./texts.ts"
import "./search.css"

const QUERY_MAX = 100

/** The field. Arrow down goes to what was found, Escape takes the words back. */
export function SearchBox(props: { searching: Searching; label: string; id?: string }) {
  const { searching, label, id } = props
  const query = searching.query.value
  return (
    <div class="search-box">
      <Icon name="search" size={18} />
      <input
        id={id}
        class="search-box__query"
        type="search"
        enterkeyhint="search"
        autocomplete="off"
        maxLength={QUERY_MAX}
        aria-label={label}
        placeholder={label}
        value={query}
        onInput={({ currentTarget }) => searching.type(currentTarget.value)}
        onCompositionStart={() => searching.compose(true)}
        onCompositionEnd={() => searching.compose(false)}
        onKeyDown={(event) => onKey(event, searching)}
      />
      {query !== "" && (
        <IconButton
          class="search-box__clear"
          icon="close"
          label={s().clear}
          onClick={() => searching.clear()}
        />
      )}
    </div>
  )
}

function onKey(event: KeyboardEvent, searching: Searching): void {
  if (event.isComposing) return
  if (event.key === "Escape" && searching.isWanted.value) searching.clear()
  else if (event.key === "ArrowDown") firstFound(event)?.focus()
  else if (event.key === "Enter") firstFound(event)?.click()
  else return
  event.preventDefault()
}

/** In the same pane or dialog. */
function firstFound({ currentTarget }: KeyboardEvent): HTMLElement | null {
  const pane = (currentTarget as Element).closest("dialog, section") ?? document
  return pane.querySelector<HTMLElement>(".found__one")
}
