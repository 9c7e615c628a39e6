// The official Socket.IO client, steered by JSON lines: commands come in on stdin, and what the
// client reports goes out on stdout. Commands: connect, call, emit, transport, disconnect.
import { Agent } from "node:http";
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

let socket = null;
const pool = new Agent({ keepAlive: true, maxSockets: 6 }); // connections as a browser keeps them

const tell = (what) => process.stdout.write(JSON.stringify(what) + "\n");

const commands = {
  connect({ url, options, pooled }) {
    const agent = pooled ? { agent: pool } : {};
    socket = io(url, { reconnection: false, forceNew: true, ...agent, ...options });
    socket.on("connect", () => tell({ event: "connect", payload: { id: socket.id } }));
    socket.on("disconnect", (reason) => tell({ event: "disconnect", payload: { reason } }));
    socket.on("connect_error", (error) =>
      tell({
        event: "connect_error",
        payload: { isError: error instanceof Error, message: error.message, data: error.data },
      }),
    );
    socket.onAny((event, payload) => tell({ event, payload }));
    return {};
  },

  async call({ event, payload, timeout }) {
    try {
      return { ack: await socket.timeout(timeout).emitWithAck(event, payload) };
    } catch (error) {
      return { lost: error.message };
    }
  },

  transport() {
    return { transport: socket.io.engine.transport.name };
  },

  disconnect() {
    socket.disconnect();
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, command, ...rest } = JSON.parse(line);
  Promise.resolve(commands[command](rest)).then((answer) => tell({ id, ...answer }));
}
socket?.disconnect();
