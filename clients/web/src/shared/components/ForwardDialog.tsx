// Sending a message on to another conversation.

import { newClientId } from "@chatserver/client"
import { useSignal } from "@preact/signals"
import { mayWrite } from "../actions.ts"
import { attempt } from "../attempt.ts"
import { otherOf, titleOf } from "../conversations.ts"
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
    .filter((thread) =>
      titleOf(thread).toLocaleLowerCase().includes(query.value.toLocaleLowerCase()),
    )
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
        {threads.map((thread) => (
          <li key={thread.id}>
            <button type="button" class="person" onClick={() => void forward(thread.id)}>
              <Avatar
                id={otherOf(thread, chat.me) ?? thread.id}
                name={titleOf(thread)}
                src={thread.room?.avatar ?? null}
                isRoom={thread.room !== null}
                size="small"
              />
              <span class="person__name ellipsis">{titleOf(thread)}</span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  )
}
