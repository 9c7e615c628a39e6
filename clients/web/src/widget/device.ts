// The device id of a person in a browser.

const OFFSET = 0x811c9dc5
const PRIME = 0x01000193

/** The installation and who uses it: two people in one browser are two devices. FNV-1a, 32 bits. */
export function deviceOf(installation: string, user: string): string {
  let hash = OFFSET
  for (const byte of new TextEncoder().encode(user)) hash = Math.imul(hash ^ byte, PRIME) >>> 0
  return `${installation}-${hash.toString(16).padStart(8, "0")}`
}
