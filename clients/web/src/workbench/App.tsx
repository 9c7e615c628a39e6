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
import { w } from "./texts/index.ts"
import "./dialogs.css"
import "./workbench.css"

/** Three panes; two on a tablet and one on a phone, where the customer lies over the rest. */
export function App() {
  const bench = useBench()
  const id = shown.value
  const isAside = useSignal(false) // on narrow screens the customer is shown when asked for
  const role = useLive((chat) => chat.me?.role)
  useEffect(() => followKeys(bench), [bench])
  useEffect(() => {
    isAside.value = false
  }, [id])
  if (role === "customer") return <ForStaff />
  return (
    <>
      <div class={`bench ${id ? "bench--open" : ""} ${isAside.value ? "bench--aside" : ""}`}>
        <Inboxes />
        {id ? <Opened key={id} id={id} isAside={isAside} /> : <Welcome />}
        {id && (
          <Customer
            key={`about ${id}`}
            id={id}
            onClose={() => {
              isAside.value = false
            }}
          />
        )}
      </div>
      <Overlays />
    </>
  )
}

function Welcome() {
  return (
    <main class="bench__welcome">
      <ConnectionBar />
      <p class="bench__welcome-title">{w().welcome.title}</p>
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
