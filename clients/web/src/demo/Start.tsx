// The start page of a demo server.

import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { chooseLanguage, language } from "../shared/i18n/index.ts"
import type { DemoPerson } from "../shared/session.ts"
import { chooseTheme, theme } from "../shared/theme.ts"
import { Cards } from "./Cards.tsx"
import { pairIn } from "./pairs.ts"
import { SideBySide } from "./SideBySide.tsx"
import { t } from "./texts.ts"
import "./demo.css"

/** All people, or two of them side by side, as the address says. */
export function Start({ people }: { people: readonly DemoPerson[] }) {
  const hash = useSignal(location.hash)
  useEffect(() => {
    const follow = () => {
      hash.value = location.hash
    }
    addEventListener("hashchange", follow)
    return () => removeEventListener("hashchange", follow)
  }, [hash])
  const pair = pairIn(hash.value, people)
  if (pair) return <SideBySide pair={pair} people={people} />
  return (
    <div class="start">
      <header class="start__bar">
        <h1>{t().title}</h1>
        <LanguageSwitch />
        <ThemeSwitch />
        <p class="muted">{t().intro}</p>
      </header>
      <main>
        {people.length > 0 ? <Cards people={people} /> : <p role="alert">{t().failed}</p>}
      </main>
    </div>
  )
}

function LanguageSwitch() {
  const other = language.value === "zh" ? "en" : "zh"
  return (
    <button
      type="button"
      class="button"
      lang={other}
      aria-label={t().otherLabel}
      onClick={() => chooseLanguage(other)}
    >
      {t().other}
    </button>
  )
}

function ThemeSwitch() {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"
  const now = theme.value === "auto" ? system : theme.value
  const other = now === "dark" ? "light" : "dark"
  return (
    <button type="button" class="button" onClick={() => chooseTheme(other)}>
      {t()[other]}
    </button>
  )
}
