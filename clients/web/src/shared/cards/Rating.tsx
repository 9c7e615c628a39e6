// A card that asks for a rating.

import type { RatingCard } from "@chatserver/client"
import { useSignal } from "@preact/signals"
import { attempt } from "../attempt.ts"
import { useChat, useLive } from "../live.ts"
import { ratingBy } from "./answer.ts"
import { Buttons } from "./Buttons.tsx"
import { ratedBy } from "./body.ts"
import { Frame, Words } from "./Parts.tsx"
import type { Place } from "./place.ts"
import { Stars } from "./Stars.tsx"
import { c } from "./texts.ts"

const BEST = 5
const WORDS_MAX = 500

/** Stars to choose from, or those that I gave. */
export function Rating({ card, place }: { card: RatingCard; place: Place }) {
  const chat = useChat()
  const { conversation, seq } = place
  const mine = useLive(
    () => ratingBy(chat.thread(conversation)?.messages ?? [], seq)?.message,
    [conversation, seq],
  )
  const rated = mine ? ratedBy(mine) : null
  const best = card.best ?? BEST
  return (
    <Frame kind={c().kinds.rating} title={card.title}>
      <Words text={card.text} />
      {place.mine || seq === null ? (
        <Stars rating={0} best={best} />
      ) : rated ? (
        <Given {...rated} />
      ) : (
        <Choosing best={best} seq={seq} place={place} />
      )}
      <Buttons buttons={card.buttons} place={place} />
    </Frame>
  )
}

function Given({ rating, best }: { rating: number; best: number }) {
  return (
    <div role="status">
      <Stars rating={rating} best={best} />
      <p class="offer__aside">{c().rating.given(rating, best)}</p>
    </div>
  )
}

function Choosing({ best, seq, place }: { best: number; seq: number; place: Place }) {
  const chat = useChat()
  const rating = useSignal(0)
  const words = useSignal("")
  const isBusy = useSignal(false)
  const send = async (event: Event) => {
    event.preventDefault()
    if (rating.value === 0 || isBusy.value) return
    isBusy.value = true
    await attempt(chat.rate(place.conversation, seq, rating.value, words.value.trim()))
    isBusy.value = false
  }
  return (
    <form class="offer__rating" onSubmit={(event) => void send(event)}>
      <StarChoice
        name={`rating ${place.conversation} ${seq}`}
        {...{ best, tabIndex: place.tabIndex, rating: rating.value }}
        onChoose={(chosen) => {
          rating.value = chosen
        }}
      />
      {rating.value > 0 && (
        <>
          <textarea
            class="field"
            rows={2}
            maxLength={WORDS_MAX}
            aria-label={c().rating.words}
            placeholder={c().rating.words}
            value={words.value}
            onInput={({ currentTarget }) => {
              words.value = currentTarget.value
            }}
          />
          <button type="submit" class="button button--main" disabled={isBusy.value}>
            {c().rating.send}
          </button>
        </>
      )}
    </form>
  )
}

/** Stars as what they are: one choice of several, which arrows move. */
function StarChoice(props: {
  name: string
  best: number
  rating: number
  tabIndex: 0 | -1
  onChoose: (rating: number) => void
}) {
  const { name, best, rating, tabIndex, onChoose } = props
  const all = Array.from({ length: best }, (_, at) => at + 1)
  return (
    <fieldset class="stars">
      <legend class="hidden-text">{c().kinds.rating}</legend>
      {all.map((each) => (
        <label key={each} class={`stars__choice ${each <= rating ? "stars__choice--full" : ""}`}>
          <input
            type="radio"
            class="hidden-text"
            name={name}
            checked={each === rating}
            tabIndex={tabIndex}
            aria-label={c().rating.stars(each, best)}
            onChange={() => onChoose(each)}
          />
          <span aria-hidden="true">{each <= rating ? "★" : "☆"}</span>
        </label>
      ))}
    </fieldset>
  )
}
