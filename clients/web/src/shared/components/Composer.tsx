// Where a message is written.

import { useSignal } from "@preact/signals"
import { t } from "../i18n/index.ts"
import { useChat } from "../live.ts"
import { IconButton } from "./Icon.tsx"
import "./Composer.css"

/** Enter sends, Shift+Enter begins a line. */
export function Composer({ id }: { id: string }) {
  const chat = useChat()
  const text = useSignal("")
  const send = () => {
    if (text.value.trim() === "") return
    chat.send(id, text.value.trim())
    chat.typing(id, false)
    text.value = ""
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return
    event.preventDefault()
    send()
  }
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <textarea
        class="composer__text"
        rows={1}
        aria-label={t().composer.label}
        placeholder={t().composer.placeholder}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value
          chat.typing(id, text.value !== "")
        }}
        onKeyDown={onKeyDown}
      />
      <IconButton
        class="composer__send"
        icon="send"
        label={t().composer.send}
        disabled={text.value.trim() === ""}
        onClick={send}
      />
    </form>
  )
}
