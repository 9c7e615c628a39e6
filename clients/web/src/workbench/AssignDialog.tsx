// Handing a conversation to a colleague.

import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { attempt } from "../shared/attempt.ts"
import { Avatar } from "../shared/components/Avatar.tsx"
import { Dialog } from "../shared/components/Overlays.tsx"
import { moveFocus } from "../shared/keys.ts"
import { useChat } from "../shared/live.ts"
import { closeDialog, toast } from "../shared/overlays.ts"
import { type Colleague, colleagues } from "./colleagues.ts"
import type { Entry } from "./entries.ts"
import { w } from "./texts/index.ts"

/** Colleagues to choose from; whoever serves now and I are left out where that changes nothing. */
export function AssignDialog({ entry }: { entry: Entry }) {
  const chat = useChat()
  const found = useSignal<Colleague[] | null>(null)
  const query = useSignal("")
  const { assign, act } = w()
  useEffect(() => {
    colleagues(chat).then((all) => {
      found.value = all.filter(({ user }) => user !== entry.assignee)
    })
  }, [chat, entry.id])
  const wanted = query.value.trim().toLowerCase()
  const fit = found.value?.filter(({ name }) => name.toLowerCase().includes(wanted)) ?? []
  const give = async ({ user, name }: Colleague) => {
    closeDialog()
    const told = await attempt(chat.call("desk.assign", { conversation: entry.id, user }))
    if (told) toast(act.assigned(name))
  }
  return (
    <Dialog title={assign.title}>
      <input
        class="field"
        type="search"
        autofocus
        aria-label={assign.search}
        placeholder={assign.search}
        value={query.value}
        onInput={({ currentTarget }) => {
          query.value = currentTarget.value
        }}
      />
      {found.value === null && <p class="assign__none muted">{assign.loading}</p>}
      {found.value !== null && fit.length === 0 && (
        <p class="assign__none muted">{assign.nobody}</p>
      )}
      <ul
        class="assign"
        onKeyDown={(event) => moveFocus(event, event.currentTarget, ".assign__who")}
      >
        {fit.map((colleague) => (
          <li key={colleague.user}>
            <button type="button" class="assign__who" onClick={() => give(colleague)}>
              <Avatar id={colleague.user} name={colleague.name} size="small" />
              {colleague.name}
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  )
}
