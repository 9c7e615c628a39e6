// The official Socket.IO client for the conformance tests, many in one process: it prints a port,
// and each connection to it steers a client of its own by JSON lines. Commands come in; answers,
// and every event with all its arguments, go out. It ends with its stdin.
// Commands: connect, emit, burst, ask, transport, disconnect.
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

function steer(connection) {
  let socket = null;

  const tell = (what) => connection.write(JSON.stringify(what) + "\n");
  const heard = (event, ...args) => tell({ event, args });

  const commands = {
    connect({ url, options }) {
      socket?.disconnect();
      socket = io(url, { forceNew: true, reconnectionDelay: 10, ...options });
      socket.io.on("open", () => {
        socket.io.engine.on("upgrade", (transport) => heard("upgrade", transport.name));
      });
      socket.on("connect", () => heard("connect", socket.id));
      socket.on("disconnect", (reason) => heard("disconnect", reason));
      socket.on("connect_error", (error) => heard("connect_error", error.message, error.data));
      socket.onAny((event, ...args) => {
        const answer = typeof args.at(-1) === "function" ? args.pop() : null;
        heard(event, ...args);
        answer?.("answer", ...args);
      });
      return {};
    },

    emit({ event, args }) {
      socket.emit(event, ...args);
      return {};
    },

    burst({ event, count }) {
      for (let number = 0; number < count; number++) socket.emit(event, number);
      return {};
    },

    async ask({ event, args, timeout }) {
      return new Promise((resolve) => {
        socket.timeout(timeout).emit(event, ...args, (error, ...answer) => {
          resolve(error ? { lost: error.message } : { answer });
        });
      });
    },

    transport() {
      return { transport: socket.io.engine.transport.name };
    },

    disconnect() {
      socket.disconnect();
      return {};
    },
  };

  const lines = createInterface({ input: connection });
  lines.on("line", async (line) => {
    const { id, command, ...rest } = JSON.parse(line);
    tell({ id, ...(await commands[command](rest)) });
  });
  for (const each of [connection, lines]) each.on("error", () => {}); // the test is over
  connection.on("close", () => socket?.disconnect());
}

const server = createServer(steer);
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit()).resume();
