// The workbench: the list, the conversation that is open, and who the customer is.

import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { ConnectionBar } from "../shared/components/ConnectionBar.tsx"
import { Overlays } from "../shared/components/Overlays.tsx"
import { useLive } from "../shared/live.ts"
import { shown } from "../shared/route.ts"
import { useBench } from "./bench.ts"
import { Customer } from "./Customer.tsx"
import { followKeys } from "./hotkeys.tsx"
import { Inboxes } from "./Inboxes.tsx"
import { Opened } from "./Opened.tsx"
import { keyOf } from "./reports/pages.ts"
import { type AmongReports, amongReports } from "./reports/place.ts"
import { ReportList } from "./reports/ReportList.tsx"
import { ReportView } from "./reports/ReportView.tsx"
import { p } from "./reports/texts.ts"
import { w } from "./texts/index.ts"
import "./dialogs.css"
import "./workbench.css"

/** Three panes; two on a tablet and one on a phone, where the customer lies over the rest. */
export function App() {
  const bench = useBench()
  const id = shown.value
  const reports = amongReports.value
  const isAside = useSignal(false) // on narrow screens the customer is shown when asked for
  const role = useLive((chat) => chat.me?.role)
  useEffect(() => followKeys(bench), [bench])
  useEffect(() => {
    isAside.value = false
  }, [id])
  if (role === "customer") return <ForStaff />
  return (
    <>
      {reports ? (
        <Moderating reports={reports} />
      ) : (
        <div class={`bench ${id ? "bench--open" : ""} ${isAside.value ? "bench--aside" : ""}`}>
          <Inboxes />
          {id ? (
            <Opened key={id} id={id} isAside={isAside} />
          ) : (
            <Welcome title={w().welcome.title} />
          )}
          {id && <Customer key={`about ${id}`} id={id} isAside={isAside} />}
        </div>
      )}
      <Overlays />
    </>
  )
}

/** The reports in place of the conversations. */
function Moderating({ reports: { at } }: { reports: AmongReports }) {
  return (
    <div class={`bench bench--reports ${at ? "bench--open" : ""}`}>
      <ReportList />
      {at ? <ReportView key={keyOf(at)} at={at} /> : <Welcome title={p().choose} />}
    </div>
  )
}

function Welcome({ title }: { title: string }) {
  return (
    <main class="bench__welcome">
      <ConnectionBar />
      <p class="bench__welcome-title">{title}</p>
      <p class="muted">{w().welcome.hint}</p>
    </main>
  )
}

function ForStaff() {
  return (
    <main class="nobody">
      <p>
        {w().forStaff} <a href={`/${location.search}`}>{w().toChats}</a>
      </p>
    </main>
  )
}
