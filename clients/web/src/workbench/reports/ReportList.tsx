// The reports in place of the conversations: those that wait, and those that are settled.

import type { Report } from "@chatserver/client"
import { Avatar } from "../../shared/components/Avatar.tsx"
import { Icon, IconButton } from "../../shared/components/Icon.tsx"
import { moment } from "../../shared/format.ts"
import { locale, t } from "../../shared/i18n/index.ts"
import { moveFocus } from "../../shared/keys.ts"
import { useChat } from "../../shared/live.ts"
import { preview } from "../../shared/preview.ts"
import { leave } from "../../shared/route.ts"
import { now, useBench } from "../bench.ts"
import { FixedList } from "../FixedList.tsx"
import { ListTab } from "../ListTab.tsx"
import { w } from "../texts/index.ts"
import { nameIn, reasonsOf, whereOf } from "./naming.ts"
import { keyOf } from "./pages.ts"
import { addressOfReport, amongReports } from "./place.ts"
import type { ReportState } from "./reports.ts"
import { p } from "./texts.ts"
import "./reports.css"

const ROW_REM = 5.25 // the height of a row
const STATES: readonly ReportState[] = ["open", "resolved"]

/** All of them, the latest first. */
export function ReportList() {
  return (
    <section class="inboxes" aria-label={p().title}>
      <header class="inboxes__bar reports__bar">
        <IconButton icon="back" label={p().back} onClick={leave} />
        <h1>{p().title}</h1>
      </header>
      <div class="inboxes__parts">
        <div
          class="inboxes__tabs"
          role="tablist"
          aria-label={p().title}
          onKeyDown={(event) => moveFocus(event, event.currentTarget, "[role=tab]")}
        >
          {STATES.map((state) => (
            <StateTab key={state} state={state} />
          ))}
        </div>
      </div>
      <Listed />
    </section>
  )
}

function StateTab({ state }: { state: ReportState }) {
  const { reports } = useBench()
  const isChosen = reports.state.value === state
  const open = state === "open" ? (reports.open.value ?? 0) : 0
  const choose = () => {
    reports.state.value = state
  }
  return (
    <ListTab id={`reports-${state}`} panel="reports" isChosen={isChosen} choose={choose}>
      {p().states[state]}
      {open > 0 && <span class="tab__count tab__count--waiting">{open > 999 ? "999+" : open}</span>}
    </ListTab>
  )
}

function Listed() {
  const { reports } = useBench()
  const at = amongReports.value?.at
  const shown = reports.shown.value
  const state = reports.state.value
  const chosen = at ? keyOf(at) : null
  const items = (shown ?? []).map((report) => ({ id: keyOf(report), report }))
  return (
    <div id="reports" class="inboxes__list" role="tabpanel" aria-labelledby={`reports-${state}`}>
      {items.length === 0 && (
        <p class="inboxes__nothing muted">{shown ? p().empty[state] : w().list.loading}</p>
      )}
      <FixedList
        key={state}
        items={items}
        rowRem={ROW_REM}
        label={p().states[state]}
        reveal={chosen}
        onNearEnd={() => reports.loadMore()}
        draw={({ id, report }, isReachable) => (
          <Row report={report} isCurrent={id === chosen} isReachable={isReachable} />
        )}
      />
    </div>
  )
}

function Row(props: { report: Report; isCurrent: boolean; isReachable: boolean }) {
  const { report, isCurrent, isReachable } = props
  const chat = useChat()
  const name = nameIn(report, report.sender, chat)
  const said = report.copies.at(-1)
  const done = report.state === "resolved" ? report.resolutions.at(-1) : undefined
  return (
    <a
      class="entry"
      href={addressOfReport(report)}
      aria-current={isCurrent ? "true" : undefined}
      tabIndex={isReachable ? 0 : -1}
    >
      <Avatar id={report.sender} name={name} />
      <span class="entry__title ellipsis">{name}</span>
      <span class="entry__time">{moment(report.last_at, now.value, locale(), t().time)}</span>
      <span class="entry__preview ellipsis">
        {said && preview(said, chat.me?.user ?? "", (user) => nameIn(report, user, chat))}
      </span>
      <span class="entry__marks">{report.count > 1 && p().several(report.count)}</span>
      <span class="entry__standing">
        {done ? (
          <span class="chip chip--settled">
            <Icon name="check" size={13} />
            {p().did[done.verdict]}
          </span>
        ) : (
          <span class="chip chip--overdue">{reasonsOf(report).join(" · ")}</span>
        )}
        <span class="chip ellipsis">{whereOf(report, chat)}</span>
      </span>
    </a>
  )
}
