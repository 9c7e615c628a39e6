// Doing something with a service conversation, and saying what came of it.

import { type ChatClient, ChatRefused } from "@chatserver/client"
import { attempt } from "../shared/attempt.ts"
import { toast } from "../shared/overlays.ts"
import type { Act } from "./acts.ts"
import { w } from "./texts/index.ts"

/** Do it; who was slower than a colleague is told so. */
export async function carryOut(
  chat: ChatClient,
  conversation: string,
  act: Exclude<Act, "assign">,
): Promise<void> {
  const asked = chat.call(`desk.${act}`, { conversation })
  const told = await asked.catch((error: unknown) => {
    if (!(error instanceof ChatRefused) || !error.by) return attempt(asked)
    toast(w().act.taken(error.by.name))
    return null
  })
  const said = { claim: w().act.claimed, release: w().act.released, resolve: w().act.resolved }
  if (told && act in said) toast(said[act as keyof typeof said])
}
