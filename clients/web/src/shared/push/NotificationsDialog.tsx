// What somebody may choose about notifications: on this device, and for all of them.

import type { ChatClient, PushPrefs, PushSettings } from "@chatserver/client"
import { useSignal } from "@preact/signals"
import { useEffect, useMemo } from "preact/hooks"
import { attempt } from "../attempt.ts"
import { Devices } from "../components/Devices.tsx"
import { Icon } from "../components/Icon.tsx"
import { Dialog } from "../components/Overlays.tsx"
import { Choices } from "../components/People.tsx"
import { exactly } from "../format.ts"
import { locale } from "../i18n/index.ts"
import { useChat } from "../live.ts"
import { openDialog } from "../overlays.ts"
import { Channels } from "./Channels.tsx"
import { inAnHour, tomorrowMorning } from "./choices.ts"
import { Choosing, type Chosen } from "./choosing.ts"
import { usePushing } from "./pushing.ts"
import { QuietHours } from "./QuietHours.tsx"
import { p } from "./texts.ts"
import "./push.css"

/** Choose something. */
export type Choose = (chosen: Chosen) => void

/** Opens the dialog from another one. */
export function NotificationsButton() {
  return (
    <button
      type="button"
      class="button notify__open"
      onClick={() => openDialog(() => <NotificationsDialog />)}
    >
      <Icon name="bell" size={18} />
      {p().title}
    </button>
  )
}

/** Every choice is kept at once. */
export function NotificationsDialog() {
  const chat = useChat()
  const choosing = useMemo(() => choosingOf(chat), [chat])
  useEffect(() => {
    void choosing.load()
    return () => void choosing.keep()
  }, [choosing])
  const settings = choosing.settings.value
  const choose: Choose = (chosen) => choosing.choose(chosen)
  const { prefs, providers = [] } = settings ?? {}
  return (
    <Dialog title={p().title}>
      <div class="notify">
        <ThisDevice hasServer={!settings || Boolean(settings.web_key)} />
        {prefs && <ForAll prefs={prefs} providers={providers} choose={choose} />}
        {choosing.hasFailed.value && <p class="muted">{p().failed}</p>}
        <Devices />
      </div>
    </Dialog>
  )
}

function choosingOf(chat: ChatClient): Choosing {
  return new Choosing({
    load: () => chat.pushPrefs(),
    keep: (chosen) => attempt(chat.setPushPrefs(chosen)),
  })
}

function ForAll(props: { prefs: PushPrefs; providers: PushSettings["providers"]; choose: Choose }) {
  const { prefs, providers, choose } = props
  const { previews, desktops } = p()
  return (
    <>
      <Pause until={prefs.paused_until} choose={choose} />
      <Choices
        title={p().preview}
        name="preview"
        value={prefs.preview}
        choices={(["full", "name", "none"] as const).map((each) => [each, previews[each]] as const)}
        onChoose={(preview) => choose({ preview })}
      />
      <QuietHours quiet={prefs.quiet} choose={choose} />
      <Choices
        title={p().desktop}
        name="desktop"
        value={prefs.desktop}
        choices={(["hold", "also"] as const).map((each) => [each, desktops[each]] as const)}
        onChoose={(desktop) => choose({ desktop })}
      />
      <Channels prefs={prefs} providers={providers} choose={choose} />
    </>
  )
}

function ThisDevice({ hasServer }: { hasServer: boolean }) {
  const pushing = usePushing()
  const isBusy = useSignal(false)
  if (!pushing) return null
  const here = pushing.here.value
  const change = async () => {
    isBusy.value = true
    await (here === "on" ? pushing.turnOff() : pushing.turnOn())
    isBusy.value = false
  }
  const isChoice = hasServer && (here === "on" || here === "off")
  return (
    <div class="notify__here">
      <label class="choice">
        <input
          type="checkbox"
          role="switch"
          aria-checked={here === "on"}
          checked={here === "on"}
          disabled={!isChoice || isBusy.value}
          onChange={(event) => {
            event.currentTarget.checked = here === "on" // until it is so
            void change()
          }}
        />
        {p().here}
      </label>
      <p class="muted" role="status">
        {hasServer ? p().hints[here] : p().noServer}
      </p>
    </div>
  )
}

function Pause({ until, choose }: { until: number | null; choose: Choose }) {
  const isPaused = until !== null && until > Date.now()
  const pause = (paused_until: number | null) => choose({ paused_until })
  return (
    <fieldset class="choices">
      <legend>{p().pause}</legend>
      <div class="notify__row">
        {isPaused && <p class="notify__until">{p().pausedUntil(exactly(until, locale()))}</p>}
        {isPaused ? (
          <button type="button" class="button" onClick={() => pause(null)}>
            {p().resume}
          </button>
        ) : (
          <>
            <button type="button" class="button" onClick={() => pause(inAnHour(Date.now()))}>
              {p().hour}
            </button>
            <button type="button" class="button" onClick={() => pause(tomorrowMorning(Date.now()))}>
              {p().tomorrow}
            </button>
          </>
        )}
      </div>
    </fieldset>
  )
}
