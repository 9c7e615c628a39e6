// Who has read a message and who has not.

import type { Calls, ChatClient } from "@chatserver/client"
import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { attempt } from "../attempt.ts"
import { t } from "../i18n/index.ts"
import { moveFocus } from "../keys.ts"
import { useChat, useLive } from "../live.ts"
import { Dialog } from "./Overlays.tsx"
import { PersonLine } from "./People.tsx"

type Readers = Calls["read.who"]["answer"]

const LIMIT = 500
const NAMES = 100 // are told at once

/** Names as far as the room tells them, else how many. It follows while it is open. */
export function ReadersDialog({ id, seq }: { id: string; seq: number }) {
  const chat = useChat()
  const readers = useReaders(id, seq)
  const tab = useSignal<"read" | "unread">("read")
  useLive(() => chat.thread(id), [id]) // names come with it
  return (
    <Dialog title={t().readers.title}>
      {!readers && <p class="muted">{t().common.loading}</p>}
      {readers && (
        <>
          <div
            class="tabs"
            role="tablist"
            onKeyDown={(event) => moveFocus(event, event.currentTarget, "[role=tab]")}
          >
            {(["read", "unread"] as const).map((which) => (
              <button
                key={which}
                type="button"
                role="tab"
                aria-selected={tab.value === which}
                tabIndex={tab.value === which ? 0 : -1}
                onFocus={() => {
                  tab.value = which
                }}
                onClick={() => {
                  tab.value = which
                }}
              >
                {t().readers[which](readers[`${which}_count`])}
              </button>
            ))}
          </div>
          <div role="tabpanel" aria-label={t().readers[tab.value](readers[`${tab.value}_count`])}>
            <ul class="people">
              {readers[tab.value].map((user) => (
                <li key={user}>
                  <PersonLine user={user} />
                </li>
              ))}
            </ul>
          </div>
        </>
      )}
    </Dialog>
  )
}

/** Find out who people of a room are whose names are not known yet. */
async function meet(chat: ChatClient, conversation: string, users: string[]): Promise<void> {
  const unknown = users.filter((user) => chat.name(user) === user)
  for (let at = 0; at < unknown.length; at += NAMES) {
    const some = unknown.slice(at, at + NAMES)
    const asked = chat.call("conversation.members", { conversation, users: some })
    await asked.catch(() => {}) // then the id stands for the name
  }
}

function useReaders(id: string, seq: number): Readers | null {
  const chat = useChat()
  const readers = useSignal<Readers | null>(null)
  useEffect(() => {
    const ask = async () => {
      const told = await attempt(chat.call("read.who", { conversation: id, seq, limit: LIMIT }))
      if (!told) return
      readers.value = told
      void meet(chat, id, [...told.read, ...told.unread])
    }
    void ask()
    return chat.on("read", ({ conversation }) => {
      if (conversation === id) void ask()
    })
  }, [chat, id, seq])
  return readers.value
}
