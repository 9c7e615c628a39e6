// Where the page is among the reports: `#/reports` is the list, `#/reports/ROOM/7` one of them.

import type { Report } from "@chatserver/client"
import { signal } from "@preact/signals"

/** A message that was reported. */
export type ReportedPlace = Pick<Report, "conversation" | "seq">

/** Among the reports, perhaps at one of them. */
export interface AmongReports {
  at: ReportedPlace | null
}

export const REPORTS = "#/reports"

/** Where the page is among the reports; null elsewhere. */
export const amongReports = signal<AmongReports | null>(null)

/** The place that an address names; null for those of other parts of the page. */
export function placeIn(hash: string): AmongReports | null {
  if (hash === REPORTS) return { at: null }
  const [, conversation, seq] = /^#\/reports\/([^/]+)\/(\d{1,15})$/.exec(hash) ?? []
  if (conversation === undefined) return null
  try {
    return { at: { conversation: decodeURIComponent(conversation), seq: Number(seq) } }
  } catch {
    return { at: null } // somebody typed it
  }
}

/** The address of a report on this page. */
export function addressOfReport({ conversation, seq }: ReportedPlace): string {
  return `${REPORTS}/${encodeURIComponent(conversation)}/${seq}`
}

/** Follow the address from now on. */
export function followReportAddress(): void {
  const follow = () => {
    amongReports.value = placeIn(location.hash)
  }
  addEventListener("hashchange", follow)
  follow()
}
