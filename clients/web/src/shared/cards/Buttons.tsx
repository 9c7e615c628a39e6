// What can be done with a card: go somewhere, say something, tell the shop's application.

import type { Button } from "@chatserver/client"
import { useSignal } from "@preact/signals"
import { attempt } from "../attempt.ts"
import { Icon } from "../components/Icon.tsx"
import { useChat, useLive } from "../live.ts"
import { chosenBy } from "./answer.ts"
import { says } from "./body.ts"
import { Link } from "./Parts.tsx"
import type { Place } from "./place.ts"
import { c } from "./texts.ts"

const NONE: readonly Button[] = []

/** The buttons; once one was tapped they say which. */
export function Buttons(props: { buttons: readonly Button[] | undefined; place: Place }) {
  const { buttons = NONE, place } = props
  const { conversation, seq, changedAt } = place
  const chat = useChat()
  const isBusy = useSignal(false)
  const chosen = useLive(
    () => chosenBy(chat.thread(conversation)?.messages ?? [], seq, changedAt, buttons)?.message,
    [conversation, seq, changedAt, buttons],
  )
  const tap = async (button: Button) => {
    if (seq === null || isBusy.value) return
    isBusy.value = true
    await attempt(chat.act(conversation, seq, button.id))
    isBusy.value = false
  }
  if (buttons.length === 0) return null
  return (
    <div class="offer__buttons">
      {buttons.map((button) => (
        <One
          key={button.id}
          button={button}
          place={place}
          isChosen={chosen ? says(chosen, button) : false}
          isOff={place.mine || seq === null || chosen !== undefined || isBusy.value}
          onTap={() => void tap(button)}
        />
      ))}
      <p class="hidden-text" role="status">
        {chosen && c().chosen(labelOf(buttons, (button) => says(chosen, button)))}
      </p>
    </div>
  )
}

function One(props: {
  button: Button
  place: Place
  isChosen: boolean
  isOff: boolean
  onTap: () => void
}) {
  const { button, place, isChosen, isOff, onTap } = props
  if (button.url) {
    const { url, label } = button
    return <Link class="offer__button" url={url} label={label} tabIndex={place.tabIndex} />
  }
  return (
    <button
      type="button"
      class={`offer__button ${isChosen ? "offer__button--chosen" : ""}`}
      disabled={isOff}
      tabIndex={place.tabIndex}
      onClick={onTap}
    >
      {isChosen && <Icon name="check" size={18} />}
      {button.label}
      {isChosen && <span class="hidden-text"> ({c().chose})</span>}
    </button>
  )
}

function labelOf(buttons: readonly Button[], isIt: (button: Button) => boolean): string {
  return buttons.find(isIt)?.label ?? ""
}
