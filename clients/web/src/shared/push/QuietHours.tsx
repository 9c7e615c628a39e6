// When nobody is to be woken.

import type { QuietHours as Quiet } from "@chatserver/client"
import { useId } from "preact/hooks"
import { ownZone, zones } from "./choices.ts"
import type { Choose } from "./NotificationsDialog.tsx"
import { p } from "./texts.ts"

const NIGHT = { from: "22:00", to: "08:00" }

/** Whether there are some, from when to when, and where. */
export function QuietHours({ quiet, choose }: { quiet: Quiet | null; choose: Choose }) {
  return (
    <fieldset class="choices">
      <legend>{p().quiet}</legend>
      <label class="choice">
        <input
          type="checkbox"
          checked={quiet !== null}
          onChange={({ currentTarget }) => {
            const chosen = currentTarget.checked ? { ...NIGHT, zone: ownZone() } : null
            choose({ quiet: chosen })
          }}
        />
        {p().quietOn}
      </label>
      {quiet && <Times quiet={quiet} choose={choose} />}
    </fieldset>
  )
}

function Times({ quiet, choose }: { quiet: Quiet; choose: Choose }) {
  const zone = useId()
  return (
    <div class="notify__row">
      {(["from", "to"] as const).map((end) => (
        <label key={end} class="notify__field">
          {p()[end]}
          <input
            class="field"
            type="time"
            required
            value={quiet[end]}
            onChange={({ currentTarget }) => {
              const changed = { ...quiet, [end]: currentTarget.value }
              const isSpan = currentTarget.value !== "" && changed.from !== changed.to
              if (isSpan) choose({ quiet: changed })
              else currentTarget.value = quiet[end]
            }}
          />
        </label>
      ))}
      <label class="notify__field notify__field--wide" for={zone}>
        {p().zone}
        <select
          id={zone}
          class="field"
          value={quiet.zone}
          onChange={({ currentTarget: { value } }) => choose({ quiet: { ...quiet, zone: value } })}
        >
          {zones(quiet.zone).map((each) => (
            <option key={each} value={each}>
              {each.replaceAll("_", " ")}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}
