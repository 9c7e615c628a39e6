// Where I am logged in.

import type { Device } from "@chatserver/client"
import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { attempt } from "../attempt.ts"
import { moment } from "../format.ts"
import { locale, t } from "../i18n/index.ts"
import { useChat } from "../live.ts"

/** My devices, each with a way to log it out; nothing where this is the only one. */
export function Devices() {
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
