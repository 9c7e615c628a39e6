// How a person wants to be notified, as it is chosen: shown at once, and kept by the server.

import type { Calls, PushSettings } from "@chatserver/client"
import { signal } from "@preact/signals"

const GATHER_MS = 400 // what is chosen meanwhile goes out together

/** What is chosen; the rest stays. */
export type Chosen = Calls["push.set"]["fields"]

/** Where choices are kept. */
export interface Keeping {
  /** What is chosen now. */
  load(): Promise<PushSettings>
  /** Keep what was chosen; what is chosen then, null where it was refused. */
  keep(chosen: Chosen): Promise<PushSettings | null>
}

/** The choices of one person. */
export class Choosing {
  /** What is known, with what was chosen since; null until the server has told. */
  readonly settings = signal<PushSettings | null>(null)
  /** Whether the server could not tell. */
  readonly hasFailed = signal(false)
  private readonly server: Keeping
  private chosen: Chosen = {}
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(server: Keeping) {
    this.server = server
  }

  /** Ask the server. */
  async load(): Promise<void> {
    try {
      this.settings.value = await this.server.load()
    } catch {
      this.hasFailed.value = this.settings.value === null
    }
  }

  /** Choose something. A phone number is shown only as the server tells it. */
  choose({ phone, ...others }: Chosen): void {
    const { settings } = this
    if (!settings.value) return
    settings.value = { ...settings.value, prefs: { ...settings.value.prefs, ...others } }
    this.chosen = { ...this.chosen, ...others, ...(phone === undefined ? {} : { phone }) }
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.keep(), GATHER_MS)
  }

  /** Have the server keep what was chosen; where it does not, what it has is shown again. */
  async keep(): Promise<void> {
    clearTimeout(this.timer)
    const { chosen } = this
    this.chosen = {}
    if (Object.keys(chosen).length === 0) return
    const told = await this.server.keep(chosen)
    if (!told) await this.load()
    else if (Object.keys(this.chosen).length === 0) this.settings.value = told
  }
}
