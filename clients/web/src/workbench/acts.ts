// What may be done with a service conversation, as far as this page can tell: the server decides,
// this only spares offering what it would refuse.

import type { Person } from "@chatserver/client"
import type { Entry } from "./entries.ts"

export type Act = "claim" | "release" | "assign" | "resolve" | "reopen"

/** What is offered to this person, what is done most first. */
export function acts(entry: Entry, me: Person): Act[] {
  if (entry.kind !== "service") return []
  const isMine = entry.assignee === me.user
  const isManager = me.role === "manager"
  if (entry.assignee === null) return isManager ? ["claim", "assign"] : ["claim"]
  if (!isMine && !isManager) return []
  return entry.isResolved ? ["reopen", "assign", "release"] : ["resolve", "assign", "release"]
}
