// What a key asks for.

export type Wish = "next" | "previous" | "search" | "help" | "note"

type Press = Pick<KeyboardEvent, "code" | "key" | "altKey" | "ctrlKey" | "metaKey">

const WITH_ALT: Record<string, Wish> = { KeyJ: "next", KeyK: "previous", KeyN: "note" }

/** What a press asks for; null when it is none of ours. Letters go by their place on the keyboard:
 * with Alt a Mac types other signs. */
export function wishOf({ code, key, altKey, ctrlKey, metaKey }: Press): Wish | null {
  const isCommand = ctrlKey || metaKey
  if (altKey) return isCommand ? null : (WITH_ALT[code] ?? null)
  if (!isCommand) return null
  if (code === "KeyK") return "search"
  return key === "/" ? "help" : null
}
