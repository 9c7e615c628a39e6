// The way to the reports, for those who may read them.

import { Icon } from "../../shared/components/Icon.tsx"
import { useBench } from "../bench.ts"
import { REPORTS } from "./place.ts"
import { p } from "./texts.ts"
import "./reports.css"

/** A line with how many wait; nothing for everybody else. */
export function ReportsEntry() {
  const { reports } = useBench()
  const open = reports.open.value
  if (open === null) return null
  return (
    <a class="reports-entry" href={REPORTS}>
      <Icon name="alert" size={20} />
      <span class="reports-entry__title">{p().title}</span>
      {open > 0 && (
        <span class="badge">
          {open > 99 ? "99+" : open}
          <span class="hidden-text"> {p().open(open)}</span>
        </span>
      )}
      <Icon name="forward" size={18} />
    </a>
  )
}
