// What a consultant chooses for this browser.

import type { Signal } from "@preact/signals"
import { Dialog } from "../shared/components/Overlays.tsx"
import { Choices } from "../shared/components/People.tsx"
import { chooseLanguage, language, t } from "../shared/i18n/index.ts"
import { openDialog } from "../shared/overlays.ts"
import { NotificationsButton } from "../shared/push/NotificationsDialog.tsx"
import { chooseTheme, theme } from "../shared/theme.ts"
import { KeysDialog } from "./KeysDialog.tsx"
import { allowNotifications, permission } from "./news.ts"
import { notifications, sendKey, sound } from "./settings.ts"
import { w } from "./texts/index.ts"

/** Every choice is kept at once. */
export function SettingsDialog() {
  const { settings, keys } = w()
  return (
    <Dialog title={settings.title}>
      <div class="settings">
        <Choices
          title={t().language.title}
          name="language"
          value={language.value}
          choices={[
            ["zh", t().language.zh],
            ["en", t().language.en],
          ]}
          onChoose={chooseLanguage}
        />
        <Choices
          title={t().theme.title}
          name="theme"
          value={theme.value}
          choices={[
            ["auto", t().theme.auto],
            ["light", t().theme.light],
            ["dark", t().theme.dark],
          ]}
          onChoose={chooseTheme}
        />
        <Choices
          title={settings.sendWith}
          name="send-key"
          value={sendKey.value}
          choices={[
            ["enter", settings.enter],
            ["ctrl-enter", settings.ctrlEnter],
          ]}
          onChoose={chosen(sendKey)}
        />
        <Choices
          title={settings.sound}
          name="sound"
          value={sound.value}
          choices={[
            ["off", settings.no],
            ["on", settings.yes],
          ]}
          onChoose={chosen(sound)}
        />
        <Notifications />
        <NotificationsButton />
        <button type="button" class="button" onClick={() => openDialog(() => <KeysDialog />)}>
          {keys.title}
        </button>
      </div>
    </Dialog>
  )
}

function chosen<T>(choice: Signal<T>): (value: T) => void {
  return (value) => {
    choice.value = value
  }
}

/** The browser is asked only here, when somebody wants it. */
function Notifications() {
  const { settings } = w()
  const may = permission.value
  const isOn = notifications.value === "on" && may === "granted"
  const toggle = isOn ? () => chosen(notifications)("off") : () => void allowNotifications()
  return (
    <fieldset class="choices">
      <legend>{settings.notifications}</legend>
      {may === "denied" && <p class="muted">{settings.blocked}</p>}
      {may === "unsupported" && <p class="muted">{settings.unsupported}</p>}
      {(may === "default" || may === "granted") && (
        <button type="button" class="button" aria-pressed={isOn} onClick={toggle}>
          {isOn ? settings.turnOff : settings.turnOn}
        </button>
      )}
    </fieldset>
  )
}
