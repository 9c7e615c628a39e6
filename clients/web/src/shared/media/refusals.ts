// Why a picture, recording, video or file could not be sent, for people.

import { refusalText } from "../attempt.ts"
import { m } from "./texts.ts"

/** The sentence for the code of a refusal. */
export function mediaRefusal(code: string): string {
  const words: Record<string, string> = m().refused
  return words[code] ?? refusalText(code)
}
