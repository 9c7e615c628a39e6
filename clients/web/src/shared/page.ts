// What every page does first, whoever opens it: its looks, its language, its place.

import "./tokens.css"
import "./base.css"
import { followLanguage } from "./i18n/index.ts"
import { applyTheme } from "./theme.ts"

/** Where a page draws itself, in the chosen theme and language. */
export function preparePage(): HTMLElement {
  applyTheme()
  followLanguage()
  return document.getElementById("app") ?? document.body
}
