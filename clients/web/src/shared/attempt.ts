// Doing something that may be refused: what went wrong is said in a sentence.

import { ChatError } from "@chatserver/client"
import { t } from "./i18n/index.ts"
import { toast } from "./overlays.ts"

/** Do it; gives its answer, or null after saying why not. */
export async function attempt<T>(what: Promise<T>): Promise<T | null> {
  try {
    return await what
  } catch (error) {
    if (!(error instanceof ChatError)) throw error
    toast(refusalText(error.code))
    return null
  }
}

/** Why something was refused, for people. */
export function refusalText(code: string): string {
  const words: Record<string, string> = t().refused
  return words[code] ?? t().refused.other
}
