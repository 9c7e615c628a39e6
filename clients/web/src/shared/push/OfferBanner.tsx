// Offers notifications, once there is something to be told of.

import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { announce } from "../components/Announcer.tsx"
import { usePushing } from "./pushing.ts"
import { p } from "./texts.ts"
import "./push.css"

/** A quiet line; the browser is asked only when somebody wants it. */
export function OfferBanner() {
  const pushing = usePushing()
  const isOffered = pushing?.isOffered.value ?? false
  useEffect(() => {
    if (isOffered) announce(p().offer)
  }, [isOffered])
  if (!pushing || !isOffered) return null
  const here = pushing.here.value
  const hindrance = here === "denied" || here === "home-screen" ? p().hints[here] : null
  return (
    <aside class="notify-offer" aria-label={p().title}>
      <p class="notify-offer__text">
        {p().offer}
        <span class="muted">{hindrance ?? p().offerHint}</span>
      </p>
      {!hindrance && <TurnOn turnOn={() => pushing.turnOn()} />}
      <button type="button" class="button" onClick={() => pushing.decline()}>
        {hindrance ? p().gotIt : p().later}
      </button>
    </aside>
  )
}

function TurnOn({ turnOn }: { turnOn: () => Promise<void> }) {
  const isBusy = useSignal(false)
  const onClick = async () => {
    isBusy.value = true
    await turnOn()
    isBusy.value = false
  }
  return (
    <button
      type="button"
      class="button button--main"
      disabled={isBusy.value}
      onClick={() => void onClick()}
    >
      {p().turnOn}
    </button>
  )
}
