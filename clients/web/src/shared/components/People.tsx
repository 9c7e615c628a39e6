// Lists of people, and choices: what most dialogs are made of.

import type { ComponentChildren } from "preact"
import { t } from "../i18n/index.ts"
import { useChat } from "../live.ts"
import { Avatar } from "./Avatar.tsx"
import "./People.css"

/** Somebody in a list, with what stands beside the name. */
export function PersonLine({ user, children }: { user: string; children?: ComponentChildren }) {
  const chat = useChat()
  const name = chat.name(user)
  return (
    <span class="person">
      <Avatar id={user} name={name} size="small" />
      <span class="person__name ellipsis">
        {name}
        {user === chat.me?.user && <span class="muted"> · {t().common.you}</span>}
      </span>
      {children}
    </span>
  )
}

/** One of several, all in sight. */
export function Choices<Value extends string>(props: {
  title: string
  name: string
  value: Value
  choices: readonly (readonly [value: Value, label: string])[]
  onChoose: (value: Value) => void
}) {
  return (
    <fieldset class="choices">
      <legend>{props.title}</legend>
      {props.choices.map(([value, label]) => (
        <label key={value} class="choice">
          <input
            type="radio"
            name={props.name}
            checked={value === props.value}
            onChange={() => props.onChoose(value)}
          />
          {label}
        </label>
      ))}
    </fieldset>
  )
}
