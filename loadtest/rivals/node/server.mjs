// A chat as the documentation of Socket.IO writes it, with what it recommends for performance:
// WebSocket alone, bufferutil (found by itself), no client files, the first request let go.
//
//     NODE_ENV=production node server.mjs PORT

import { createServer } from "node:http"
import { Server } from "socket.io"

const httpServer = createServer()
const io = new Server(httpServer, { transports: ["websocket"], serveClient: false })

io.engine.on("connection", (rawSocket) => {
  rawSocket.request = null
})

io.on("connection", (socket) => {
  socket.join(socket.handshake.auth.rooms)
  socket.on("message", (message) => {
    io.to(message.conversation).emit("message", message)
  })
})

httpServer.listen({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 4096 })
