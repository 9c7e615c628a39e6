// Addresses that others told.

/** The address if it leads to a page and runs nothing, else null. */
export function httpAddress(address: string): string | null {
  try {
    const { protocol, href } = new URL(address)
    return protocol === "https:" || protocol === "http:" ? href : null
  } catch {
    return null
  }
}
