// Searching within one conversation.

import { useEffect, useMemo, useRef } from "preact/hooks"
import { Dialog } from "../components/Overlays.tsx"
import { useChat } from "../live.ts"
import { closeDialog } from "../overlays.ts"
import { SearchBox } from "./SearchBox.tsx"
import { SearchResults } from "./SearchResults.tsx"
import { Searching } from "./searching.ts"
import { s } from "./texts.ts"

/** The dialog; what is chosen closes it and comes into sight. */
export function SearchDialog({ id }: { id: string }) {
  const chat = useChat()
  const searching = useMemo(() => new Searching(chat, id), [chat, id])
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => box.current?.querySelector("input")?.focus(), [])
  return (
    <Dialog title={s().inConversation}>
      <div ref={box} class="search-dialog">
        <SearchBox searching={searching} label={s().inConversation} />
        <SearchResults searching={searching} onChoose={closeDialog} />
      </div>
    </Dialog>
  )
}
