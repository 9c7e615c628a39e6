// What carries calls and events. The default is socketio.ts; where socket.io-client does not run, in a
// mini-program say, an application brings its own.

import type { DeviceInfo } from "./protocol.ts"

/** What the CONNECT packet carries. */
export interface Auth {
  token: string
  device: DeviceInfo
}

/** Why the server does not accept a connection: the `data` of CONNECT_ERROR. */
export interface ConnectRefusal {
  code: string
  message: string
  retry_after_ms?: number
}

/** What a link tells while it lasts. */
export interface LinkEvents {
  /** An event with its one argument, `ready` included. */
  event(name: string, data: unknown): void
  /** The server said no; with nothing it could not be reached. */
  refused(why?: ConnectRefusal): void
  /** The connection is over; `dismissed`: by a DISCONNECT packet of the server, so for good. */
  ended(dismissed: boolean): void
}

/** One connection, from its beginning to its end. It never reconnects by itself. */
export interface Link {
  /** Send an event with one object, and give the acknowledgement when it comes. */
  call(name: string, fields: object, answered: (answer: unknown) => void): void
  /** End it; nothing is told any more. */
  close(): void
}

/** Opens a link to namespace `/` of a server. */
export type Transport = (url: string, auth: Auth, events: LinkEvents) => Link
