// What a call to the server can end in, other than an answer.

import { type ErrorCode, RETRYABLE } from "./protocol.ts"

/** Something went wrong between this client and the server. */
export class ChatError extends Error {
  override name = "ChatError"
  /** Stable, for programs; the message is for people. */
  readonly code: ErrorCode | "timeout" | "disconnected" | "kicked" | "closed" | (string & {})

  /** `code` is the server's, or one of this client's own. */
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Somebody who has what somebody else wanted. */
export interface Holder {
  user: string
  name: string
}

/** A refusal as the server tells it. */
export interface ToldRefusal {
  code: string
  message: string
  retry_after_ms?: number
  path?: string
  by?: Holder
}

/** The server refused a call, or the connection. */
export class ChatRefused extends ChatError {
  override name = "ChatRefused"
  /** How long to wait at least before trying again. */
  readonly retryAfterMs: number | undefined
  /** Names the bad field. */
  readonly path: string | undefined
  /** Who has what was `taken`. */
  readonly by: Holder | undefined

  /** As the server told it. */
  constructor(told: ToldRefusal) {
    super(told.code, told.message)
    this.retryAfterMs = told.retry_after_ms
    this.path = told.path
    this.by = told.by
  }

  /** Whether the same call may succeed a little later. */
  get isRetryable(): boolean {
    return RETRYABLE.includes(this.code)
  }
}

/** No answer in time: whether the server did it is unknown. */
export class ChatTimeout extends ChatError {
  override name = "ChatTimeout"
  constructor(message: string, code = "timeout") {
    super(code, message)
  }
}

/** The connection ended before the answer came: whether the server did it is unknown. */
export class ChatDisconnected extends ChatTimeout {
  override name = "ChatDisconnected"
  constructor(message = "There is no connection") {
    super(message, "disconnected")
  }
}

/** This client was logged out, refused or closed, and does not come back by itself. */
export class ChatStopped extends ChatError {
  override name = "ChatStopped"
}

/** An error as plain data, for another tab. */
export interface PlainError extends ToldRefusal {
  name: string
}

/** What another tab is told of an error. */
export function plainError(error: unknown): PlainError {
  if (!(error instanceof ChatError)) return { name: "", code: "internal", message: String(error) }
  const { name, code, message } = error
  if (!(error instanceof ChatRefused)) return { name, code, message }
  const { retryAfterMs, path, by } = error
  return {
    ...{ name, code, message },
    ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
    ...(path === undefined ? {} : { path }),
    ...(by === undefined ? {} : { by }),
  }
}

/** The error that another tab met. */
export function revivedError(told: PlainError): ChatError {
  if (told.name === "ChatTimeout") return new ChatTimeout(told.message)
  if (told.name === "ChatDisconnected") return new ChatDisconnected(told.message)
  if (told.name === "ChatStopped") return new ChatStopped(told.code, told.message)
  return new ChatRefused(told)
}
