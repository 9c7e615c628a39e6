// Where a medium can be read: asked for when it is drawn, and anew when the address has ended.

import type { MediaLink } from "@chatserver/client"
import { useEffect, useRef, useState } from "preact/hooks"
import { useChat, useLive } from "../live.ts"

const AGAIN_MS = 10_000 // an address younger than this is not what is wrong

/** A medium of a stored message. */
export interface Place {
  conversation: string
  seq: number
  media: string
  /** For a moderator: the number of the message whose report shows it. */
  report?: number | undefined
}

export interface Address {
  urls: Record<string, string>
  /** Whether there is nothing to be read any more. */
  isGone: boolean
  /** It could not be read: ask for another address, or give up. */
  onError(): void
}

/** The addresses of a medium by size; empty until they are known. */
export function useAddress(place: Place | null): Address {
  const chat = useChat()
  const isUp = useLive(() => chat.phase.phase === "connected")
  const [urls, setUrls] = useState<Record<string, string>>({})
  const [isGone, setGone] = useState(false)
  const askedAt = useRef(0)
  const ask = (at: Place, isRenewed: boolean) => {
    askedAt.current = Date.now()
    chat.mediaLinks(at.conversation, [at.seq], { isRenewed, report: at.report }).then(
      (links) => {
        const found = linkOf(links, at)
        setGone(found === undefined)
        if (found) setUrls(found.urls)
      },
      () => {}, // again with the next connection
    )
  }
  const isKnown = urls.original !== undefined
  useEffect(() => {
    if (place && isUp && !isKnown) ask(place, false)
  }, [place?.conversation, place?.seq, place?.media, isUp, isKnown])
  const onError = () => {
    if (!place || !isKnown) return
    if (Date.now() - askedAt.current < AGAIN_MS) setGone(true)
    else ask(place, true)
  }
  return { urls, isGone, onError }
}

/** The link of this medium: a card of forwarded messages has several. */
function linkOf(links: MediaLink[], { media }: Place): MediaLink | undefined {
  return links.find((link) => link.media === media)
}
