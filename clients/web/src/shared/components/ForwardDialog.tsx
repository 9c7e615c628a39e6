// Sending a message on to another conversation.

import { newClientId } from "@chatserver/client"
import { useSignal } from "@preact/signals"
import { mayWrite } from "../actions.ts"
import { attempt } from "../attempt.ts"
import { t } from "../i18n/index.ts"
import { useChat, useLive } from "../live.ts"
import { closeDialog, toast } from "../overlays.ts"
import { Avatar } from "./Avatar.tsx"
import { Dialog } from "./Overlays.tsx"

/** The conversations in which I may write; a click sends. */
export function ForwardDialog({ from, seq }: { from: string; seq: number }) {
  const chat = useChat()
  const ids = useLive(() => chat.conversations)
  const query = useSignal("")
  const clientId = useSignal(newClientId()).value
  const forward = async (conversation: string) => {
    closeDialog()
    const fields = { conversation, client_id: clientId, from, seqs: [seq] }
    if (await attempt(chat.call("message.forward", fields))) toast(t().forward.done)
  }
  const threads = ids
    .flatMap((id) => chat.thread(id) ?? [])
    .filter((thread) => mayWrite(thread, Date.now()) === "yes")
    .filter(({ title }) => title.toLocaleLowerCase().includes(query.value.toLocaleLowerCase()))
  return (
    <Dialog title={t().forward.title}>
      <input
        class="field"
        type="search"
        aria-label={t().common.search}
        placeholder={t().common.search}
        value={query.value}
        onInput={(event) => {
          query.value = event.currentTarget.value
        }}
      />
      <ul class="people">
        {threads.map(({ id, title, room, members }) => (
          <li key={id}>
            <button type="button" class="person" onClick={() => void forward(id)}>
              <Avatar
                id={members.find(({ user }) => user !== chat.me?.user)?.user ?? id}
                name={title}
                src={room?.avatar ?? null}
                isRoom={room !== null}
                size="small"
              />
              <span class="person__name ellipsis">{title}</span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  )
}
