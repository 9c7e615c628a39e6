// The picture, recording, video or file of a message, in its bubble.

import { type MediaBody, mediaOf, type Shown } from "@chatserver/client"
import { useState } from "preact/hooks"
import { thumbHashToDataURL } from "thumbhash"
import { conversationOf } from "../beside.ts"
import { Icon, IconButton } from "../components/Icon.tsx"
import { useInnerTab, useTools } from "../components/threadTools.ts"
import { locale } from "../i18n/index.ts"
import { useChat } from "../live.ts"
import { menu, openDialog } from "../overlays.ts"
import { type Place, useAddress } from "./address.ts"
import { addressOf, noteSent, noteSize, sentAddress, sizeOf } from "./local.ts"
import { drawn, fileSize } from "./sizes.ts"
import { m } from "./texts.ts"
import { Viewer } from "./Viewer.tsx"
import { Voice } from "./Voice.tsx"
import "./media.css"

/** Whether a message brings something along that this draws. */
export function isMedium({ message, attachment }: Shown): boolean {
  if (message?.deleted || message?.recalled) return false
  return attachment !== null || (message !== null && mediaOf(message) !== null)
}

/** What it brings along. */
export function Medium({ shown }: { shown: Shown }) {
  const { message, attachment } = shown
  if (attachment) return <OnItsWay shown={shown} attachment={attachment} />
  const body = message && mediaOf(message)
  if (!message || !body) return null
  switch (message.kind) {
    case "image":
      return <Picture shown={shown} body={body} />
    case "video":
      return <Video shown={shown} body={body} />
    case "voice":
      return <Recording shown={shown} body={body} />
    default:
      return <File shown={shown} body={body} />
  }
}

interface StoredProps {
  shown: Shown
  body: MediaBody
}

function usePlace(shown: Shown, { media }: MediaBody): Place {
  const { report } = useTools()
  return { conversation: conversationOf(shown), seq: shown.seq ?? 0, media, report }
}

function Picture({ shown, body }: StoredProps) {
  const { id, messages, report } = useTools()
  const { urls, isGone, onError } = useAddress(usePlace(shown, body))
  const { width, height } = drawn(body.width, body.height)
  const local = sentAddress(shown.key)
  const src = urls["1024"] ?? urls["256"] ?? urls.original
  if (isGone) return <p class="medium__gone">{m().gone}</p>
  return (
    <button
      type="button"
      class="picture"
      style={{ width: `${width}px`, aspectRatio: `${width} / ${height}` }}
      tabIndex={useInnerTab(shown.key)}
      aria-label={m().open}
      onClick={() => {
        // a finger that rested has opened the menu, and is only lifted now
        if (menu.value === null)
          openDialog(() => <Viewer {...{ id, messages, report }} from={shown.key} />)
      }}
    >
      <img class="picture__before" src={local ?? placeholder(body)} alt="" aria-hidden="true" />
      {src && <img class="picture__shown" src={src} alt={altOf(shown)} onError={onError} />}
    </button>
  )
}

function Video({ shown, body }: StoredProps) {
  const { urls, isGone, onError } = useAddress(usePlace(shown, body))
  const { width, height } = drawn(body.width, body.height)
  if (isGone) return <p class="medium__gone">{m().gone}</p>
  return (
    // biome-ignore lint/a11y/useMediaCaption: nobody wrote any for what people film
    <video
      class="video"
      style={{ width: `${width}px`, aspectRatio: `${width} / ${height}` }}
      controls
      playsInline
      preload="none"
      tabIndex={useInnerTab(shown.key)}
      aria-label={m().video(shown.name)}
      poster={urls.poster ?? placeholder(body)}
      src={urls.original}
      onError={onError}
    />
  )
}

function Recording({ shown, body }: StoredProps) {
  const { urls, isGone, onError } = useAddress(usePlace(shown, body))
  const tabIndex = useInnerTab(shown.key)
  if (isGone) return <p class="medium__gone">{m().gone}</p>
  return (
    <Voice
      src={urls.original}
      durationMs={body.duration_ms ?? 0}
      waveform={body.waveform ?? []}
      tabIndex={tabIndex}
      onError={onError}
    />
  )
}

function File({ shown, body }: StoredProps) {
  const chat = useChat()
  const { conversation, seq, report } = usePlace(shown, body)
  const name = body.name ?? m().file
  const fetch = async () => {
    const links = await chat.mediaLinks(conversation, [seq], { report }).catch(() => [])
    const url = links.find(({ media }) => media === body.media)?.urls.original
    if (url) download(url, name)
  }
  return (
    <button
      type="button"
      class="file"
      tabIndex={useInnerTab(shown.key)}
      aria-label={m().download(name)}
      onClick={() => void fetch()}
    >
      <FileLine name={name} size={body.size} />
    </button>
  )
}

function FileLine({ name, size }: { name: string; size: number }) {
  return (
    <>
      <span class="file__icon">
        <Icon name="file" />
      </span>
      <span class="file__text">
        <span class="file__name">{name}</span>
        <span class="file__size">{fileSize(size, locale())}</span>
      </span>
    </>
  )
}

type Attached = NonNullable<Shown["attachment"]>

/** What this page has of it, and how far its upload is. */
function OnItsWay({ shown, attachment }: { shown: Shown; attachment: Attached }) {
  const chat = useChat()
  const { content, done } = attachment
  noteSent(shown.key, content)
  const isUploading = shown.tick === "sending"
  const part = content.size === 0 ? 1 : done / content.size
  return (
    <span class="medium">
      <Local attachment={attachment} />
      {isUploading && (
        <span class="upload">
          <progress class="upload__bar" max={1} value={part} aria-label={m().uploading} />
          <IconButton
            icon="close"
            class="upload__cancel"
            label={m().cancel}
            onClick={() => chat.discard(shown.key)}
          />
        </span>
      )}
    </span>
  )
}

function Local({
  attachment: { kind, content, name, durationMs, waveform },
}: {
  attachment: Attached
}) {
  if (kind === "image") {
    const size = sizeOf(content)
    const { width, height } = drawn(size?.width, size?.height)
    return (
      <span class="picture" style={{ width: `${width}px`, aspectRatio: `${width} / ${height}` }}>
        <LocalPicture content={content} />
      </span>
    )
  }
  if (kind === "voice") {
    const src = addressOf(content)
    return <Voice src={src} durationMs={durationMs ?? 0} waveform={waveform ?? []} tabIndex={-1} />
  }
  return (
    <span class="file">
      <FileLine name={name ?? m().file} size={content.size} />
    </span>
  )
}

/** A picture that is on this device; what is none, or none that a browser knows, is an icon. */
export function LocalPicture({ content }: { content: Blob }) {
  const [isDrawn, setDrawn] = useState(true)
  if (!isDrawn) return <Icon name="file" size={28} />
  return (
    <img
      class="picture__shown"
      src={addressOf(content)}
      alt=""
      onError={() => setDrawn(false)}
      onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) =>
        noteSize(content, { width, height })
      }
    />
  )
}

/** What stands there until a picture is loaded. */
export function placeholder({ placeholder: hash }: Pick<MediaBody, "placeholder">) {
  if (!hash) return undefined
  try {
    return thumbHashToDataURL(Uint8Array.from(atob(hash), (char) => char.charCodeAt(0)))
  } catch {
    return undefined // another version made it
  }
}

/** A picture for who does not see it: its caption, or whose it is. */
export function altOf(shown: Shown): string {
  return shown.text || m().image(shown.name)
}

function download(url: string, name: string): void {
  const link = document.createElement("a")
  link.href = url
  link.download = name
  link.click()
}
