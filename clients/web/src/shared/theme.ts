// Light or dark: as the system, unless the person chose.

import { signal } from "@preact/signals"

export type Theme = "auto" | "light" | "dark"

const KEY = "chatserver-theme"

/** What was chosen. */
export const theme = signal<Theme>(kept())

/** Choose, and keep the choice. */
export function chooseTheme(chosen: Theme): void {
  localStorage.setItem(KEY, chosen)
  theme.value = chosen
  applyTheme()
}

/** Show the page in the chosen theme. */
export function applyTheme(): void {
  const { dataset } = document.documentElement
  if (theme.value === "auto") delete dataset.theme
  else dataset.theme = theme.value
}

function kept(): Theme {
  const found = globalThis.localStorage?.getItem(KEY)
  return found === "light" || found === "dark" ? found : "auto"
}
