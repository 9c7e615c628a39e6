// The message that another one answers.

import type { Message } from "@chatserver/client"
import { useEffect, useState } from "preact/hooks"
import { t } from "../i18n/index.ts"
import { useChat, useLive } from "../live.ts"
import { preview } from "../preview.ts"

/** A line of it that leads to it. */
export function Quote(props: { id: string; seq: number; tabIndex: number; onJump: () => void }) {
  const { id, seq, tabIndex, onJump } = props
  return (
    <button type="button" class="quote" tabIndex={tabIndex} onClick={onJump}>
      <QuoteText id={id} seq={seq} />
    </button>
  )
}

/** Who said it, and the line. */
export function QuoteText({ id, seq }: { id: string; seq: number }) {
  const chat = useChat()
  const message = useQuoted(id, seq)
  if (!message) return <span class="quote__text">{t().common.loading}</span>
  const me = chat.me?.user ?? ""
  const name = message.sender === me ? t().common.you : chat.name(message.sender)
  return (
    <>
      <span class="quote__name">{name}</span>
      <span class="quote__text">{preview(message, me, (user) => chat.name(user))}</span>
    </>
  )
}

/** Messages that are quoted and not held, by conversation and number. */
const fetched = new Map<string, Promise<Message | undefined>>()

function useQuoted(id: string, seq: number): Message | undefined {
  const chat = useChat()
  const held = useLive(() => chat.conversation(id)?.log.get(seq), [id, seq])
  const [far, setFar] = useState<Message>()
  useEffect(() => {
    if (held) return
    const key = `${id} ${seq}`
    const asked = fetched.get(key) ?? fetchOne(chat, id, seq)
    fetched.set(key, asked)
    asked.then(setFar, () => fetched.delete(key))
  }, [chat, id, seq, held])
  return held ?? far
}

async function fetchOne(
  chat: ReturnType<typeof useChat>,
  conversation: string,
  seq: number,
): Promise<Message | undefined> {
  const page = await chat.call("history.get", { conversation, around: seq, limit: 1 })
  return page.messages.find((message) => message.seq === seq)
}
