// What fails now and may work later.

/** What an attempt gives once it works; made again after a pause for as long as it fails. */
export async function inTheEnd<T>(attempt: () => Promise<T>, pauseMs: number): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch {
      await new Promise((ended) => setTimeout(ended, pauseMs))
    }
  }
}
