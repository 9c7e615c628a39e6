// Addresses of media: asked for together, and kept as long as they are good.

import type { Call } from "./fetcher.ts"
import type { MediaLink } from "./protocol.ts"
import { type Deferred, deferred } from "./waiting.ts"

const TOGETHER_MS = 10 // what is asked for meanwhile goes with it
const AT_ONCE = 100
const EARLY_MS = 30_000 // before they end they are asked for anew

/** Where messages are seen: in their conversation, or in the report about one of them. */
interface From {
  conversation: string
  report?: number
}

interface Known {
  links: MediaLink[]
  until: number
}

/** What is to be asked from one place. */
interface Batch {
  seqs: Set<number>
  asked: Deferred<void>
}

/** The addresses of the media that somebody looks at. */
export class Links {
  private readonly known = new Map<string, Known>()
  private readonly batches = new Map<string, Batch>()
  private readonly url: string
  private readonly call: Call

  constructor(url: string, call: Call) {
    this.url = url.replace(/\/$/, "")
    this.call = call
  }

  /** Those of these messages, whole addresses; `isRenewed` asks for new ones. */
  async of(from: From, seqs: readonly number[], isRenewed: boolean): Promise<MediaLink[]> {
    const now = Date.now()
    const good = (seq: number) => (this.known.get(keyOf(from, seq))?.until ?? 0) > now
    const missing = seqs.filter((seq) => isRenewed || !good(seq))
    if (missing.length > 0) await this.ask(from, missing)
    return seqs.flatMap((seq) => this.known.get(keyOf(from, seq))?.links ?? [])
  }

  private ask(from: From, seqs: number[]): Promise<void> {
    const key = keyOf(from)
    const waiting = this.batches.get(key)
    const batch = waiting ?? { seqs: new Set<number>(), asked: deferred<void>() }
    for (const seq of seqs) batch.seqs.add(seq)
    if (!waiting) {
      this.batches.set(key, batch)
      setTimeout(() => {
        this.batches.delete(key)
        this.fetch(from, [...batch.seqs]).then(batch.asked.resolve, batch.asked.reject)
      }, TOGETHER_MS)
    }
    return batch.asked.promise
  }

  private async fetch(from: From, seqs: number[]): Promise<void> {
    for (let at = 0; at < seqs.length; at += AT_ONCE) {
      const some = seqs.slice(at, at + AT_ONCE)
      const answer = await this.call("media.links", { ...from, seqs: some })
      const until = answer.expires_at - EARLY_MS
      for (const seq of some) {
        const links = answer.links.filter((link) => link.seq === seq)
        const whole = links.map((link) => ({ ...link, urls: this.whole(link.urls) }))
        this.known.set(keyOf(from, seq), { links: whole, until })
      }
    }
  }

  private whole(urls: Record<string, string>): Record<string, string> {
    const entries = Object.entries(urls).map(([size, path]) => [size, this.url + path])
    return Object.fromEntries(entries)
  }
}

function keyOf({ conversation, report = 0 }: From, seq = 0): string {
  return `${conversation} ${report} ${seq}`
}
