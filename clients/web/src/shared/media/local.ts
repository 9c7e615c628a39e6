// What this page has of a medium itself: shown until the server's is there, without a jump.

import type { Size } from "./sizes.ts"

const KEPT = 40 // addresses; the oldest is given back

const addresses = new Map<Blob, string>()
const sizes = new WeakMap<Blob, Size>()
const sent = new Map<string, Blob>()

/** An address of a blob within this page. */
export function addressOf(blob: Blob): string {
  const known = addresses.get(blob)
  if (known !== undefined) return known
  const made = URL.createObjectURL(blob)
  addresses.set(blob, made)
  for (const [old, address] of addresses) {
    if (addresses.size <= KEPT) break
    URL.revokeObjectURL(address)
    addresses.delete(old)
  }
  return made
}

/** The size of a picture, as soon as it was drawn once. */
export function sizeOf(blob: Blob): Size | undefined {
  return sizes.get(blob)
}

/** A picture was drawn: this is its size. */
export function noteSize(blob: Blob, size: Size): void {
  sizes.set(blob, size)
}

/** A message with this key is on its way with this blob. */
export function noteSent(key: string, blob: Blob): void {
  sent.set(key, blob)
}

/** The address of what was sent with this message from this page, as long as it is known. */
export function sentAddress(key: string): string | undefined {
  const blob = sent.get(key)
  return blob && addresses.get(blob)
}
