// What somebody may choose about the page.

import { chooseLanguage, language, t } from "../i18n/index.ts"
import { NotificationsButton } from "../push/NotificationsDialog.tsx"
import { chooseTheme, theme } from "../theme.ts"
import { Devices } from "./Devices.tsx"
import { Dialog } from "./Overlays.tsx"
import { Choices } from "./People.tsx"

/** Language, appearance, notifications, devices. */
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
      <NotificationsButton />
      <Devices />
    </Dialog>
  )
}
