// Keys that work wherever the focus is.

import { openDialog } from "../shared/overlays.ts"
import { show, shown } from "../shared/route.ts"
import type { Bench } from "./bench.ts"
import { KeysDialog } from "./KeysDialog.tsx"
import { addressOfReport, amongReports } from "./reports/place.ts"
import { type Wish, wishOf } from "./wishes.ts"

/** Follow them; gives what ends that. */
export function followKeys(bench: Bench): () => void {
  const onKey = (event: KeyboardEvent) => {
    const wish = wishOf(event)
    if (wish === null || event.isComposing) return
    event.preventDefault()
    if (document.querySelector("dialog[open]") === null) fulfil(wish, bench)
  }
  addEventListener("keydown", onKey)
  return () => removeEventListener("keydown", onKey)
}

function fulfil(wish: Wish, bench: Bench): void {
  switch (wish) {
    case "next":
      return go(bench, 1)
    case "previous":
      return go(bench, -1)
    case "search":
      return document.getElementById("search")?.focus()
    case "help":
      return openDialog(() => <KeysDialog />)
    case "note":
      bench.noting.value = bench.noting.value === shown.value ? null : shown.value
  }
}

function go({ inbox, reports }: Bench, steps: 1 | -1): void {
  const among = amongReports.value
  if (among) {
    const report = reports.beside(among.at, steps)
    if (report) location.hash = addressOfReport(report)
    return
  }
  const entry = inbox.beside(shown.value, steps)
  if (entry) show(entry.id)
}
