// Colleagues that a conversation can be handed to: staff of the rooms that I am in, since nobody
// lists the staff of a shop.

import type { ChatClient } from "@chatserver/client"

/** Somebody of the staff. */
export interface Colleague {
  user: string
  name: string
}

const ROOMS_MAX = 10 // rooms looked through
const ROOM_SIZE_MAX = 100 // larger ones are the customers'

/** Staff of my rooms and direct conversations, by their names; I among them. */
export async function colleagues(chat: ChatClient): Promise<Colleague[]> {
  const found = new Map<string, string>()
  if (chat.me) found.set(chat.me.user, chat.me.name)
  for (const { user, name } of spokenTo(chat)) found.set(user, name)
  const rooms = smallRooms(chat).slice(0, ROOMS_MAX)
  const pages = await Promise.allSettled(
    rooms.map((conversation) => chat.call("conversation.members", { conversation, limit: 100 })),
  )
  for (const page of pages) {
    if (page.status === "rejected") continue
    for (const { user, name, staff } of page.value.members) if (staff) found.set(user, name || user)
  }
  const all = [...found].map(([user, name]) => ({ user, name }))
  return all.sort((one, other) => one.name.localeCompare(other.name))
}

function spokenTo(chat: ChatClient): Colleague[] {
  return chat.conversations.flatMap((id) => {
    const others = chat.conversation(id)?.others ?? []
    return others.filter(({ role }) => role === "consultant" || role === "manager")
  })
}

function smallRooms(chat: ChatClient): string[] {
  return chat.conversations.filter((id) => {
    const conversation = chat.conversation(id)
    const count = conversation?.room?.count ?? 0
    return conversation?.kind === "group" && conversation.isIn && count <= ROOM_SIZE_MAX
  })
}
