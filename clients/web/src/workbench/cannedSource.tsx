// Canned replies as suggestions after `/`.

import type { ChatClient } from "@chatserver/client"
import type { Suggestion, SuggestionSource } from "../shared/components/Suggestions.tsx"
import type { Replies } from "./replies.ts"
import { filled, fitting, type Parties } from "./snippets.ts"

/** My canned replies, with their variables filled for this conversation. */
export function cannedSource(
  chat: ChatClient,
  replies: Replies,
  conversation: string,
): SuggestionSource {
  return {
    sign: "/",
    async find(query) {
      await replies.loadInTheEnd() // whoever types on meanwhile asks anew
      const parties = partiesOf(chat, conversation)
      return fitting(replies.all.value, query).map(({ id, shortcut, title, text }): Suggestion => {
        const insert = filled(text, parties)
        return { key: id, label: <Label shortcut={shortcut} title={title} text={insert} />, insert }
      })
    },
  }
}

function Label({ shortcut, title, text }: { shortcut: string; title: string; text: string }) {
  return (
    <span class="canned-line">
      <span class="canned-line__shortcut">/{shortcut}</span>
      <span class="canned-line__title ellipsis">{title}</span>
      <span class="canned-line__text muted ellipsis">{text}</span>
    </span>
  )
}

function partiesOf(chat: ChatClient, conversation: string): Parties {
  const thread = chat.thread(conversation)
  const { me } = chat
  const service = thread?.room?.service
  const customer = service ? (service.names[service.customer] ?? "") : (thread?.title ?? "")
  return {
    customer,
    me: me?.name ?? "",
    shop: service ? (thread?.room?.title ?? "") : shopOf(chat),
  }
}

/** What my shop is called: service conversations have its name as their title. */
function shopOf(chat: ChatClient): string {
  for (const id of chat.conversations) {
    const room = chat.conversation(id)?.room
    if (room?.service) return room.title
  }
  return chat.me?.shop ?? ""
}
