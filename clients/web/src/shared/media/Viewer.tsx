// Pictures over the whole page: one after the other by keys, buttons or a swipe.

import { mediaOf, type Shown } from "@chatserver/client"
import { useRef, useState } from "preact/hooks"
import { conversationOf } from "../beside.ts"
import { IconButton } from "../components/Icon.tsx"
import { t } from "../i18n/index.ts"
import { useLive } from "../live.ts"
import { useModal } from "../modal.ts"
import { closeDialog } from "../overlays.ts"
import { useAddress } from "./address.ts"
import { m } from "./texts.ts"

const SWIPE = 48 // pixels

/** The pictures of a conversation, or of these `messages`, beginning with one; Escape closes it. */
export function Viewer(props: {
  id: string
  from: string
  messages?: readonly Shown[] | undefined
  report?: number | undefined
}) {
  const { id, from, messages, report } = props
  const box = useModal()
  const thread = useLive((chat) => chat.thread(id), [id])
  const [key, setKey] = useState(from)
  const pictures = (messages ?? thread?.messages ?? []).filter(isPicture)
  const at = pictures.findIndex((one) => one.key === key)
  const picture = pictures[at]
  const go = (step: number) => {
    const next = pictures[at + step]
    if (next) setKey(next.key)
  }
  return (
    <dialog
      ref={box}
      class="viewer"
      aria-label={m().viewer}
      onClose={closeDialog}
      onKeyDown={(event) => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
        if (step) go(step)
      }}
      {...useSwipe(go)}
    >
      {picture && <Large key={picture.key} shown={picture} report={report} />}
      <div class="viewer__bar">
        <IconButton icon="close" label={t().common.close} onClick={closeDialog} />
      </div>
      {at > 0 && (
        <span class="viewer__side">
          <IconButton icon="back" label={m().previous} onClick={() => go(-1)} />
        </span>
      )}
      {at >= 0 && at < pictures.length - 1 && (
        <span class="viewer__side viewer__side--next">
          <IconButton icon="forward" label={m().next} onClick={() => go(1)} />
        </span>
      )}
    </dialog>
  )
}

function Large({ shown, report }: { shown: Shown; report: number | undefined }) {
  const media = (shown.message && mediaOf(shown.message)?.media) ?? ""
  const place = { conversation: conversationOf(shown), seq: shown.seq ?? 0, media, report }
  const { urls, isGone, onError } = useAddress(place)
  if (isGone) return <p class="viewer__text">{m().gone}</p>
  return (
    <figure class="viewer__figure">
      {urls.original ? (
        <img src={urls.original} alt={shown.text || m().image(shown.name)} onError={onError} />
      ) : (
        <p class="viewer__text">{t().common.loading}</p>
      )}
      {shown.text && <figcaption>{shown.text}</figcaption>}
    </figure>
  )
}

function isPicture({ message }: Shown): boolean {
  const isHere = message !== null && !message.deleted && !message.recalled
  return isHere && message.kind === "image" && mediaOf(message) !== null
}

function useSwipe(go: (step: number) => void) {
  const from = useRef<number | null>(null)
  return {
    onPointerDown: ({ clientX, isPrimary }: PointerEvent) => {
      from.current = isPrimary ? clientX : null
    },
    onPointerUp: ({ clientX }: PointerEvent) => {
      const way = from.current === null ? 0 : clientX - from.current
      from.current = null
      if (Math.abs(way) > SWIPE) go(way < 0 ? 1 : -1)
    },
  }
}
