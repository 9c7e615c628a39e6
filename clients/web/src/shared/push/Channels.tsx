// By which ways I may be reached, and the number for text messages.

import type { PushPrefs, PushSettings } from "@chatserver/client"
import { useSignal } from "@preact/signals"
import { t } from "../i18n/index.ts"
import { phoneIn } from "./choices.ts"
import type { Choose } from "./NotificationsDialog.tsx"
import { p } from "./texts.ts"

const BESIDE = ["wechat", "sms"] as const

/** The ways that the server has. */
export function Channels(props: {
  prefs: PushPrefs
  providers: PushSettings["providers"]
  choose: Choose
}) {
  const { prefs, providers, choose } = props
  const ways = ["push" as const, ...BESIDE.filter((each) => providers.includes(each))]
  return (
    <fieldset class="choices">
      <legend>{p().channels}</legend>
      {ways.map((way) => (
        <label key={way} class="choice">
          <input
            type="checkbox"
            checked={prefs.channels[way]}
            onChange={({ currentTarget }) =>
              choose({ channels: { ...prefs.channels, [way]: currentTarget.checked } })
            }
          />
          {p().ways[way]}
        </label>
      ))}
      {ways.includes("sms") && prefs.channels.sms && <Phone now={prefs.phone} choose={choose} />}
    </fieldset>
  )
}

/** The number is never shown in full: the server does not tell it. */
function Phone({ now, choose }: { now: string | null; choose: Choose }) {
  const typed = useSignal("")
  const isWrong = useSignal(false)
  const save = (event: Event) => {
    event.preventDefault()
    const phone = phoneIn(typed.value)
    isWrong.value = phone === null
    if (phone === null) return
    choose({ phone })
    typed.value = ""
  }
  return (
    <form class="notify__row" onSubmit={save}>
      <label class="notify__field notify__field--wide">
        {p().phone}
        <input
          class="field"
          type="tel"
          autocomplete="tel"
          placeholder={now ? p().phoneNow(now) : ""}
          aria-invalid={isWrong.value}
          value={typed.value}
          onInput={({ currentTarget: { value } }) => {
            typed.value = value
            isWrong.value = false
          }}
        />
      </label>
      <button type="submit" class="button" disabled={typed.value.trim() === ""}>
        {t().common.save}
      </button>
      {now && (
        <button type="button" class="button" onClick={() => choose({ phone: null })}>
          {p().remove}
        </button>
      )}
      {isWrong.value && (
        <p class="notify__wrong" role="alert">
          {p().phoneWrong}
        </p>
      )}
    </form>
  )
}
