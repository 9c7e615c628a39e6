// One line of what was found.

import type { ChatClient, ConversationView, DeskView, Hit } from "@chatserver/client"
import { Avatar } from "../components/Avatar.tsx"
import { titleOf } from "../conversations.ts"
import { moment } from "../format.ts"
import { language, locale, t } from "../i18n/index.ts"
import { useChat, useLive } from "../live.ts"
import { contentText, preview } from "../preview.ts"
import { show } from "../route.ts"
import { openAt } from "./jump.ts"
import { excerpt } from "./marks.ts"
import { s } from "./texts.ts"

/** A conversation, with what was said there last. */
export function FoundConversation(props: {
  view: ConversationView | DeskView
  onChoose: () => void
}) {
  const { view, onChoose } = props
  const chat = useChat()
  const { face, title } = called(chat, view)
  const { last } = view
  const open = () => {
    onChoose()
    show(view.id)
  }
  return (
    <li>
      <button type="button" class="found__one" onClick={open}>
        <Avatar
          id={face}
          name={title}
          src={view.room?.avatar ?? null}
          isRoom={view.room !== null && view.room.service === null}
          size="small"
        />
        <span class="found__title ellipsis">{title}</span>
        {last && <At time={last.at} />}
        {last && (
          <span class="found__text muted">
            {preview(last, chat.me?.user ?? "", (user) => chat.name(user))}
          </span>
        )}
      </button>
    </li>
  )
}

/** A message; `isNamed` says in which conversation. */
export function FoundMessage(props: { hit: Hit; isNamed: boolean; onChoose: () => void }) {
  const { hit, isNamed, onChoose } = props
  const { message } = hit
  const chat = useChat()
  const thread = useLive(() => chat.thread(message.conversation), [message.conversation])
  const isMine = message.sender === chat.me?.user
  const name = isMine ? t().common.you : chat.name(message.sender)
  const open = () => {
    onChoose()
    openAt(message.conversation, message.seq)
  }
  return (
    <li>
      <button type="button" class="found__one" onClick={open}>
        <Avatar id={message.sender} name={chat.name(message.sender)} size="small" />
        <span class="found__title ellipsis">{isNamed && thread ? titleOf(thread) : name}</span>
        <At time={message.at} />
        <span class="found__text muted">
          {isNamed && thread && s().said(name)}
          <Said hit={hit} />
        </span>
      </button>
    </li>
  )
}

/** Its words with those marked that were searched for; what has none says what kind it is. */
function Said({ hit: { message, text, highlights } }: { hit: Hit }) {
  if (highlights.length === 0) return <>{contentText(message)}</>
  return (
    <>
      {excerpt(text, highlights).map(({ text: piece, isHit }) =>
        isHit ? <mark>{piece}</mark> : piece,
      )}
    </>
  )
}

function At({ time }: { time: number }) {
  return (
    <time class="found__time muted" dateTime={new Date(time).toISOString()}>
      {moment(time, Date.now(), locale(), t().time)}
    </time>
  )
}

/** What a conversation is called for me, and whose face stands for it. */
function called(chat: ChatClient, view: ConversationView | DeskView) {
  const { id, room } = view
  const me = chat.me?.user
  const service = room?.service
  if (service && service.customer !== me) {
    return { face: service.customer, title: service.names[service.customer] || service.customer }
  }
  const members = "members" in view ? view.members : []
  const other = room ? undefined : members.find(({ user }) => user !== me)
  const title = room?.titles[language.value] ?? room?.title ?? other?.name ?? ""
  return { face: other?.user ?? id, title }
}
