// Media against a real server: a file goes out over a connection that is cut again and again, the other
// one reads what was sent, and what is no picture is refused as one.
// node test/live/media.ts '{"url": …, "mei": token, "lin": token, "linId": …}'

import assert from "node:assert/strict"
import { ChatClient, ChatRefused, memoryStore } from "../../src/index.ts"

const { url, mei, lin, linId } = JSON.parse(process.argv[2] ?? "{}") as Record<string, string>
const SIZE = 700_001
let requests = 0

/** Every third request is lost, half of those after the server has heard it. */
const lossy = (async (input: string, init?: RequestInit) => {
  requests += 1
  if (requests % 6 === 3) throw new TypeError("lost before")
  const answer = await fetch(input, init)
  if (requests % 6 === 0) throw new TypeError("lost after")
  return answer
}) as typeof fetch

function clientOf(token = "", id = ""): ChatClient {
  const device = { id, platform: "web" } as const
  const made = { url: url ?? "", token, device, fetch: lossy, outbox: memoryStore }
  return new ChatClient(made).start()
}

const sender = clientOf(mei, "media-mei")
const reader = clientOf(lin, "media-lin")
await Promise.all([sender.ready(60_000), reader.ready(60_000)])
const conversation = await sender.open(linId ?? "")
const came = new Promise<number>((resolve) => {
  reader.on("message", ({ message }) => message.kind === "file" && resolve(message.seq))
})
const content = Uint8Array.from({ length: SIZE }, (_, at) => (at * at) % 253)
const { stored } = sender.sendMedia(conversation, content, { name: "账单.bin", text: "the bill" })
await stored
const own = sender.thread(conversation)?.messages.at(-1)?.message?.body
assert.deepEqual([own?.name, own?.size, own?.text], ["账单.bin", SIZE, "the bill"])
const [link] = await reader.mediaLinks(conversation, [await came])
const read = new Uint8Array(await (await fetch(link?.urls.original ?? "")).arrayBuffer())
assert.deepEqual(read, content)
const refused = sender.upload(new Blob(["no picture"]), { kind: "image" })
await assert.rejects(
  refused,
  (error) => error instanceof ChatRefused && error.code === "wrong_type",
)
sender.close()
reader.close()
console.log(JSON.stringify({ requests }))
process.exit(0) // connections that are kept alive are waited for otherwise
