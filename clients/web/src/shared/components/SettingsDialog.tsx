// What somebody may choose about the page.

import type { Device } from "@chatserver/client"
import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { attempt } from "../attempt.ts"
import { moment } from "../format.ts"
import { chooseLanguage, language, locale, t } from "../i18n/index.ts"
import { useChat } from "../live.ts"
import { chooseTheme, theme } from "../theme.ts"
import { Dialog } from "./Overlays.tsx"
import { Choices } from "./People.tsx"

/** Language, appearance, devices. */
export function SettingsDialog() {
  const words = t()
  return (
    <Dialog title={words.settings.title}>
      <Choices
        title={words.language.title}
        name="language"
        value={language.value}
        choices={[
          ["zh", words.language.zh],
          ["en", words.language.en],
        ]}
        onChoose={chooseLanguage}
      />
      <Choices
        title={words.theme.title}
        name="theme"
        value={theme.value}
        choices={[
          ["auto", words.theme.auto],
          ["light", words.theme.light],
          ["dark", words.theme.dark],
        ]}
        onChoose={chooseTheme}
      />
      <Devices />
    </Dialog>
  )
}

function Devices() {
  const chat = useChat()
  const devices = useSignal<Device[]>([])
  const load = async () => {
    const told = await chat.call("device.list", {}).catch(() => null) // perhaps without network
    devices.value = told?.devices ?? []
  }
  useEffect(() => void load(), [chat])
  const logOut = async (device: string) => {
    if (await attempt(chat.call("device.logout", { device }))) await load()
  }
  if (devices.value.length < 2) return null
  return (
    <section>
      <h3 class="muted">{t().settings.devices}</h3>
      <ul class="people">
        {devices.value.map((device) => (
          <li key={device.id} class="person">
            <span class="person__name">
              {device.name || device.platform}{" "}
              <span class="muted">
                {moment(device.connected_at, Date.now(), locale(), t().time)}
              </span>
            </span>
            {device.id === chat.device ? (
              <span class="tag">{t().settings.thisDevice}</span>
            ) : (
              <button type="button" class="button" onClick={() => void logOut(device.id)}>
                {t().settings.logOut}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}
