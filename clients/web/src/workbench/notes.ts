// The notes of the staff beside a service conversation, a conversation of their own.

import type { ChatClient, Thread } from "@chatserver/client"

/** The notes beside a conversation, as far as this page knows them. */
export function notesThread(chat: ChatClient, conversation: string): Thread | undefined {
  const id = chat.notesBeside(conversation)
  return id === undefined ? undefined : chat.thread(id)
}
