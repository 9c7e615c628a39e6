// Telling the server what the customer looks at: the latest only, once connected, and not twice.

import type { Context } from "./messages.ts"

/** What it takes to tell. */
export interface Line {
  isUp: () => boolean
  tell: (context: Context) => Promise<unknown>
}

/** Keeps what is to be told until it was. */
export class Looking {
  private readonly line: Line
  private wanted: string | null = null
  private told: string | null = null
  private isTelling = false

  constructor(line: Line) {
    this.line = line
  }

  /** The customer looks at this now. */
  at(context: Context): void {
    this.wanted = JSON.stringify(context)
    void this.go()
  }

  /** Tell what is not told yet; to be called whenever the connection is there again. */
  async go(): Promise<void> {
    if (this.isTelling || this.wanted === null || this.wanted === this.told) return
    if (!this.line.isUp()) return
    const telling = this.wanted
    this.isTelling = true
    const isTold = await this.line.tell(JSON.parse(telling) as Context).then(
      () => true,
      () => false, // another connection is another chance
    )
    this.isTelling = false
    if (!isTold) return
    this.told = telling
    await this.go()
  }
}
