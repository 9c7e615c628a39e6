// A client for chatserver: typed calls, events, history that converges, and an outbox.

import { ChatClient as CoreClient, type ChatOptions as CoreOptions } from "./client.ts"
import { socketIo } from "./socketio.ts"
import type { Transport } from "./transport.ts"

export * from "./core.ts"
export { socketIo } from "./socketio.ts"

/** How a client is made. */
export interface ChatOptions extends Omit<CoreOptions, "transport"> {
  /** What carries calls and events; by default socket.io-client. */
  transport?: Transport
}

/** One device of one person, in one of its tabs. */
export class ChatClient extends CoreClient {
  constructor(options: ChatOptions) {
    super({ transport: socketIo, ...options })
  }
}
