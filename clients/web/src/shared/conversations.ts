// What a conversation is called and who is in it, as the pages show it.

import type { Person, Thread } from "@chatserver/client"
import { language } from "./i18n/index.ts"

/** What it is called in the language of the page. */
export function titleOf({ title, room }: Pick<Thread, "title" | "room">): string {
  return room?.titles[language.value] ?? title
}

/** Whether many talk in it, so that each message needs a name: a shop is one for its customer. */
export function isOfMany({ room }: Pick<Thread, "room">): boolean {
  return room !== null && room.service === null
}

/** Whether names stand above what others say: where many talk, and for staff, who take turns. */
export function isNamed(thread: Pick<Thread, "room">, me: string | undefined): boolean {
  const service = thread.room?.service
  return isOfMany(thread) || (service != null && service.customer !== me)
}

/** Who I talk with: the other one of two, or who serves me; nobody in a room. */
export function otherOf(thread: Thread | undefined, me: Person | null): string | undefined {
  if (!thread) return undefined
  const { room, members } = thread
  if (room?.service) {
    const { customer, assignee } = room.service
    return (customer === me?.user ? assignee : customer) ?? undefined
  }
  return room ? undefined : members.find(({ user }) => user !== me?.user)?.user
}
