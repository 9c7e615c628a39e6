// What a message brings along: a picture, a recording, a video or a file.

import type { MediaBody, Message } from "./protocol.ts"
import type { MediaClaims, MediaKind } from "./upload.ts"

/** What a message of mine uploads before it is sent, and how many bytes of it are there. */
export interface Attachment extends MediaClaims {
  content: Blob
  done: number
}

/** How something is uploaded. */
export interface UploadOptions extends Omit<MediaClaims, "kind"> {
  /** By default what its type says. */
  kind?: MediaKind
  /** Told how many bytes are there, and how many there will be. */
  onProgress?: (done: number, all: number) => void
  /** Ends it; it then rejects with the signal's reason. */
  signal?: AbortSignal
  /** How long it tries although nothing moves. */
  giveUpAfterMs?: number
}

/** What a message with a medium may have beside it. */
export interface SendMediaOptions extends Omit<MediaClaims, "kind"> {
  kind?: MediaKind
  /** The caption. */
  text?: string
  replyTo?: number
}

/** Which addresses of media are asked for. */
export interface MediaLinkOptions {
  /** New ones, where those known do not work. */
  isRenewed?: boolean
  /** For a moderator: the number of a reported message, to read what its report shows. */
  report?: number | undefined
}

const KINDS: Record<string, MediaKind> = {
  "image/jpeg": "image",
  "image/png": "image",
  "image/webp": "image",
  "image/gif": "image",
  "image/heic": "image",
  "image/heif": "image",
  "video/mp4": "video",
  "video/quicktime": "video",
  "video/webm": "video",
}

/** As what something of this type is best sent; sound is a file unless somebody spoke it here. */
export function mediaKind(type: string): MediaKind {
  return KINDS[type.split(";")[0]?.trim().toLowerCase() ?? ""] ?? "file"
}

/** What a message says of its medium; null where it has none. */
export function mediaOf(message: Pick<Message, "kind" | "body">): MediaBody | null {
  const isMedium = ["image", "voice", "video", "file"].includes(message.kind)
  return isMedium && typeof message.body.media === "string" ? (message.body as never) : null
}

/** As a blob, with what the server is told of it. */
export function attachment(
  content: Blob | Uint8Array<ArrayBuffer>,
  options: UploadOptions | SendMediaOptions,
): Attachment {
  const blob = content instanceof Blob ? content : new Blob([content])
  const { kind = mediaKind(blob.type), durationMs, waveform } = options
  const name = options.name ?? (blob as Partial<File>).name
  return {
    ...{ content: blob, kind, done: 0 },
    ...(name ? { name } : {}),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(waveform === undefined ? {} : { waveform }),
  }
}
