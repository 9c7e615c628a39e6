// The transport of browsers and Node.

import { io } from "socket.io-client"
import type { ConnectRefusal, Transport } from "./transport.ts"

/** Over socket.io-client: WebSocket, or where that fails long polling. */
export const socketIo: Transport = (url, auth, events) => {
  const socket = io(url, {
    auth,
    forceNew: true,
    reconnection: false,
    transports: ["websocket", "polling"],
    tryAllTransports: true,
  })
  socket.onAny((name: string, data: unknown) => events.event(name, data))
  socket.on("connect_error", (error: Error & { data?: ConnectRefusal }) => {
    events.refused(error.data?.code ? error.data : undefined)
  })
  socket.on("disconnect", (reason) => events.ended(reason === "io server disconnect"))
  return {
    call: (name, fields, answered) => socket.emit(name, fields, answered),
    close: () => {
      socket.offAny()
      socket.off()
      socket.disconnect()
    },
  }
}
