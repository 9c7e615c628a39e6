// One report: who complains of what, the message among the others, and what is done about it.

import type { Complaint, Report, Resolution } from "@chatserver/client"
import { useEffect, useRef } from "preact/hooks"
import { addressOf } from "../../shared/addresses.ts"
import { Avatar } from "../../shared/components/Avatar.tsx"
import { ConnectionBar } from "../../shared/components/ConnectionBar.tsx"
import { Icon, IconButton } from "../../shared/components/Icon.tsx"
import { exactly } from "../../shared/format.ts"
import { locale, t } from "../../shared/i18n/index.ts"
import { useChat, useLive } from "../../shared/live.ts"
import { r } from "../../shared/reports/texts.ts"
import { Around } from "./Around.tsx"
import { nameIn, whereOf } from "./naming.ts"
import { REPORTS, type ReportedPlace } from "./place.ts"
import { Settling } from "./Settling.tsx"
import { p } from "./texts.ts"
import { type Held, useReport } from "./useReport.ts"

/** The report at a place. */
export function ReportView({ at }: { at: ReportedPlace }) {
  const [held, look] = useReport(at)
  const report = held.value === "gone" ? null : held.value
  return (
    <main class="report">
      <ConnectionBar />
      <header class="opened__bar">
        <IconButton
          class="opened__back"
          icon="back"
          label={p().toList}
          onClick={() => {
            location.hash = REPORTS
          }}
        />
        {report && <Heading report={report} />}
      </header>
      {report ? (
        <Body report={report} held={held} look={look} />
      ) : (
        <p class="report__nothing muted">{held.value === "gone" ? p().gone : t().common.loading}</p>
      )}
    </main>
  )
}

function Heading({ report }: { report: Report }) {
  const chat = useChat()
  const box = useRef<HTMLHeadingElement>(null)
  const isKnown = useLive(() => chat.conversation(report.conversation) !== undefined, [report])
  const name = nameIn(report, report.sender, chat)
  useEffect(() => {
    // what had the focus went away: the list on a phone, the choices once it is settled
    if (document.activeElement === document.body) box.current?.focus()
  }, [report.state])
  return (
    <div class="opened__heading">
      <Avatar id={report.sender} name={name} />
      <div class="opened__names">
        <h2 ref={box} class="ellipsis" tabIndex={-1}>
          {p().who(name)}
        </h2>
        <p class="opened__state muted">
          {isKnown ? (
            <a class="ellipsis" href={addressOf(report.conversation)} title={p().toRoom}>
              {whereOf(report, chat)}
            </a>
          ) : (
            <span class="ellipsis">{whereOf(report, chat)}</span>
          )}
        </p>
      </div>
    </div>
  )
}

function Body(props: { report: Report; held: Held; look: () => Promise<void> }) {
  const { report } = props
  return (
    <div class="report__body">
      <Why report={report} />
      <Around report={report} />
      <div class="report__acts">
        {report.resolutions.length > 0 && <Done report={report} />}
        {report.state === "open" && <Settling {...props} />}
      </div>
    </div>
  )
}

function Why({ report }: { report: Report }) {
  const { complaints, count } = report
  const rest = count - complaints.length
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys
    <section class="report__why" tabIndex={0} aria-labelledby="report-why">
      <h3 id="report-why">{p().why}</h3>
      <ul class="told">
        {complaints.map((complaint) => (
          <Told key={`${complaint.user} ${complaint.rule}`} report={report} complaint={complaint} />
        ))}
      </ul>
      {rest > 0 && <p class="muted">{p().others(rest)}</p>}
    </section>
  )
}

function Told({ report, complaint }: { report: Report; complaint: Complaint }) {
  const chat = useChat()
  const { user, reason, rule, note, at } = complaint
  const when = exactly(at, locale())
  return (
    <li class="told__one">
      <p class="told__what">{rule ? p().rule(rule) : r().reasons[reason]}</p>
      {note && <p class="told__note">{note}</p>}
      <p class="muted">{rule ? when : p().by(nameIn(report, user, chat), when)}</p>
    </li>
  )
}

function Done({ report }: { report: Report }) {
  return (
    <section aria-labelledby="report-done">
      <h3 id="report-done">{p().done}</h3>
      <ul class="told">
        {report.resolutions.map((resolution) => (
          <Decided key={resolution.at} report={report} resolution={resolution} />
        ))}
      </ul>
    </section>
  )
}

function Decided({ report, resolution }: { report: Report; resolution: Resolution }) {
  const chat = useChat()
  const { verdict, by, at, note } = resolution
  return (
    <li class="told__one">
      <p class="told__what told__what--done">
        <Icon name="check" size={18} />
        {p().did[verdict]}
      </p>
      {note && <p class="told__note">{note}</p>}
      <p class="muted">{p().by(nameIn(report, by, chat), exactly(at, locale()))}</p>
    </li>
  )
}
