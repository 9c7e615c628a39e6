// The reports that I may read, in step with what others do about them.

import type { ChatClient, Report } from "@chatserver/client"
import { computed, effect, type ReadonlySignal, signal } from "@preact/signals"
import { live } from "../../shared/live.ts"
import { keyOf, type Page, type Scope, scopesOf, toContinue, together, waiting } from "./pages.ts"

export type ReportState = Report["state"]
type Pages = ReadonlyMap<Scope, Page>

const PAGE = 30
const ANSWER_MAX = 50 // reports that one answer may have

/** Which reports there are: the open ones are followed, the settled ones while they are looked at. */
export class Reports {
  /** Which of them are listed. */
  readonly state = signal<ReportState>("open")
  /** Those that are listed; null before they are there. */
  readonly shown: ReadonlySignal<readonly Report[] | null>
  readonly hasMore: ReadonlySignal<boolean>
  /** How many wait; null where I may read none. */
  readonly open: ReadonlySignal<number | null>
  private readonly chat: ChatClient
  private readonly scopes: ReadonlySignal<readonly Scope[]>
  private readonly pages = {
    open: signal<Pages>(new Map()),
    resolved: signal<Pages>(new Map()),
  }
  private readonly fetching = new Map<string, { isStale: boolean }>()

  constructor(chat: ChatClient) {
    this.chat = chat
    const scopes = live(chat, (each) => JSON.stringify(scopesOf(each)))
    const isUp = live(chat, (each) => each.phase.phase === "connected")
    this.scopes = computed(() => JSON.parse(scopes.value) as Scope[])
    this.shown = computed(() => {
      const pages = this.mine(this.state.value)
      return pages.size > 0 ? together([...pages.values()]) : null
    })
    this.hasMore = computed(() => toContinue(this.mine(this.state.value)) !== undefined)
    this.open = computed(() => {
      const pages = this.mine("open")
      return pages.size > 0 ? waiting([...pages.values()]) : null
    })
    effect(() => {
      if (isUp.value) void this.fetchAll("open", this.scopes.value)
    })
    effect(() => {
      if (isUp.value && this.state.value === "resolved") {
        void this.fetchAll("resolved", this.scopes.value)
      }
    })
    chat.on("reports", ({ conversation }) => this.moved(conversation))
  }

  /** Fetch more of those that are listed. */
  loadMore(): void {
    const state = this.state.peek()
    const scope = toContinue(this.mine(state))
    if (scope === undefined || this.fetching.has(`${state} ${scope}`)) return
    const last = this.pages[state].peek().get(scope)?.reports.at(-1)
    if (last) void this.fetch(state, scope, last)
  }

  /** The one `steps` further in the list, seen from another one; the first or last from nowhere. */
  beside(from: Pick<Report, "conversation" | "seq"> | null, steps: 1 | -1): Report | undefined {
    const all = this.shown.value ?? []
    const at = from ? all.findIndex((each) => keyOf(each) === keyOf(from)) : -1
    return at < 0 ? all.at(steps > 0 ? 0 : -1) : all[at + steps]
  }

  /** What I was told of the scopes that are still mine. */
  private mine(state: ReportState): Pages {
    const scopes = new Set(this.scopes.value)
    return new Map([...this.pages[state].value].filter(([scope]) => scopes.has(scope)))
  }

  private moved(scope: Scope): void {
    void this.fetch("open", scope)
    if (this.state.peek() === "resolved") void this.fetch("resolved", scope)
  }

  /** One after the other: somebody may look after many rooms. */
  private async fetchAll(state: ReportState, scopes: readonly Scope[]): Promise<void> {
    for (const scope of scopes) await this.fetch(state, scope)
  }

  /** Fetch what comes after a report, or all that is here anew; once more where it moved meanwhile. */
  private async fetch(
    state: ReportState,
    scope: Scope,
    after: Report | null = null,
  ): Promise<void> {
    const key = `${state} ${scope}`
    const running = this.fetching.get(key)
    if (running) {
      running.isStale = true
      return
    }
    const run = { isStale: false }
    this.fetching.set(key, run)
    await this.ask(state, scope, after)
    this.fetching.delete(key)
    if (run.isStale) await this.fetch(state, scope)
  }

  private async ask(state: ReportState, scope: Scope, after: Report | null): Promise<void> {
    const known = this.pages[state].peek()
    const before = known.get(scope)?.reports ?? []
    const limit = after ? PAGE : Math.min(Math.max(before.length, PAGE), ANSWER_MAX)
    const place = after && ([after.conversation, after.seq] as [string, number])
    const fields = { conversation: scope, state, after: place, limit }
    const told = await this.chat.call("report.list", fields).catch(() => null)
    if (!told) return // refused, or asked again with the next connection
    const reports = after ? [...before, ...told.reports] : told.reports
    const page = { reports, hasMore: told.more, open: told.open }
    this.pages[state].value = new Map([...this.pages[state].peek(), [scope, page]])
  }
}
