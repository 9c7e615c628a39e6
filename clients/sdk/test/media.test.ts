// Uploads, messages with media on their way, and addresses of media.

import "fake-indexeddb/auto"
import assert from "node:assert/strict"
import test, { type TestContext } from "node:test"
import { ChatRefused, ChatTimeout } from "../src/errors.ts"
import { mediaKind } from "../src/media.ts"
import { deferred } from "../src/waiting.ts"
import { FakeMedia } from "./fake-media.ts"
import { FakeServer } from "./fake-server.ts"
import { clientOf, eventually, joined, texts } from "./helpers.ts"

const LARGE = 2 ** 17 * 3 + 5 // bytes: several parts

function large(): Blob {
  return new Blob([Uint8Array.from({ length: LARGE }, (_, at) => at % 251)], { type: "video/mp4" })
}

function alone(t: TestContext, media: FakeMedia, token: string | (() => string) = "mei") {
  return clientOf(t, new FakeServer(), "mei", { fetch: media.fetch, token })
}

async function together(t: TestContext) {
  const server = new FakeServer()
  const media = new FakeMedia()
  const mei = await joined(t, server, "mei", { fetch: media.fetch })
  return { server, media, mei, id: await mei.open("lin") }
}

test("what is small is uploaded by one request, which says what it is", async (t) => {
  const media = new FakeMedia()
  const content = new Blob(["hello"], { type: "text/plain" })
  const options = { name: "你好.txt", durationMs: 1200.4, waveform: [1, 2] }
  const id = await alone(t, media).upload(content, options)
  assert.deepEqual(media.requests, ["POST"])
  const { claims, bytes } = media.media.get(id) ?? {}
  assert.equal(Buffer.from(bytes ?? []).toString(), "hello")
  const said = { kind: "file", name: "你好.txt", duration_ms: "1200", waveform: "[1,2]" }
  assert.deepEqual(claims, said)
})

test("an upload goes on where it was after answers and parts get lost", async (t) => {
  const media = new FakeMedia()
  media.most = 2 ** 16 + 1
  const told: number[] = []
  const chat = alone(t, media)
  setTimeout(() => {
    media.most = Number.POSITIVE_INFINITY
    media.losing = 1
  }, 20)
  const id = await chat.upload(large(), { onProgress: (done) => told.push(done) })
  const expected = new Uint8Array(await large().arrayBuffer())
  assert.deepEqual(Uint8Array.from(media.media.get(id)?.bytes ?? []), expected)
  assert.ok(media.requests.includes("HEAD"))
  assert.equal(told.at(-1), LARGE)
  assert.deepEqual(
    told,
    [...told].sort((one, other) => one - other),
  )
})

test("an upload that the server has forgotten begins anew", async (t) => {
  const media = new FakeMedia()
  const chat = alone(t, media)
  const onProgress = () => {
    if (media.requests.filter((one) => one === "POST").length < 2) media.forget()
  }
  const id = await chat.upload(large(), { onProgress })
  assert.equal(media.media.get(id)?.bytes.length, LARGE)
})

test("a token that has ended is asked for anew", async (t) => {
  const media = new FakeMedia()
  media.refusals.push({ status: 401, code: "token_expired" })
  let asked = 0
  await alone(t, media, () => `token ${++asked}`).upload(new Blob(["x"]))
  assert.deepEqual(media.tokens, ["Bearer token 1", "Bearer token 2"])
})

test("what is refused for good is not tried again", async (t) => {
  const media = new FakeMedia()
  media.refusals.push({ status: 503, code: "busy" }, { status: 415, code: "wrong_type" })
  await assert.rejects(alone(t, media).upload(new Blob(["x"])), (error: ChatRefused) => {
    return error instanceof ChatRefused && error.code === "wrong_type"
  })
  assert.deepEqual(media.requests, ["POST", "POST"])
})

test("an upload that does not move is given up", async (t) => {
  const media = new FakeMedia()
  media.losing = 1000
  const upload = alone(t, media).upload(new Blob(["x"]), { giveUpAfterMs: 0 })
  await assert.rejects(upload, ChatTimeout)
})

test("an upload that is ended leaves nothing on the server", async (t) => {
  const media = new FakeMedia()
  const control = new AbortController()
  const onProgress = () => control.abort()
  const upload = alone(t, media).upload(large(), { signal: control.signal, onProgress })
  await assert.rejects(upload, { name: "AbortError" })
  await eventually(() => media.ended.length === 1)
})

test("a medium is shown at once, and sent as soon as it is there", async (t) => {
  const { server, media, mei, id } = await together(t)
  const open = deferred<void>()
  media.gate = open.promise
  const content = new Blob(["png"], { type: "image/png" })
  const sending = mei.sendMedia(id, content, { text: "look" })
  const [shown] = mei.thread(id)?.messages ?? []
  assert.deepEqual([shown?.tick, shown?.text, shown?.draft?.kind], ["sending", "look", "image"])
  assert.equal(shown?.attachment?.content, content)
  assert.equal(server.direct("mei", "lin").messages.length, 0)
  open.resolve()
  await sending.stored
  const [stored] = server.direct("mei", "lin").messages
  assert.equal(stored?.kind, "image")
  assert.ok(media.media.has(String(stored?.body.media)))
  const [now] = mei.thread(id)?.messages ?? []
  assert.equal(now?.message?.body.width, 640, "the body is as the server filled it in")
  assert.equal(now?.key, sending.clientId)
})

test("its progress is told as it gets further", async (t) => {
  const { mei, id } = await together(t)
  const seen = new Set<number>()
  mei.subscribe(
    () => mei.thread(id)?.messages.at(-1)?.attachment?.done,
    (done) => done !== undefined && seen.add(done),
  )
  await mei.sendMedia(id, large()).stored
  assert.ok(seen.size >= 3, [...seen].join())
})

test("text does not wait for an upload, and media keep their order", async (t) => {
  const { server, media, mei, id } = await together(t)
  const open = deferred<void>()
  media.gate = open.promise
  const first = mei.sendMedia(id, large())
  const second = mei.sendMedia(id, new Blob(["x"]))
  await mei.send(id, "meanwhile").stored
  open.resolve()
  await Promise.all([first.stored, second.stored])
  const stored = server.direct("mei", "lin").messages
  assert.deepEqual(
    stored.map(({ kind }) => kind),
    ["text", "video", "file"],
  )
})

test("a refused medium is shown as failed, and tried again from the beginning", async (t) => {
  const { media, mei, id } = await together(t)
  media.refusals.push({ status: 415, code: "wrong_type" })
  const sending = mei.sendMedia(id, new Blob(["x"], { type: "image/png" }))
  await assert.rejects(sending.stored, ChatRefused)
  const [failed] = mei.thread(id)?.messages ?? []
  assert.deepEqual([failed?.tick, failed?.error?.code], ["failed", "wrong_type"])
  await mei.retry(sending.clientId).stored
  assert.equal(media.media.size, 1)
})

test("a medium on its way can be given up, and its upload ends", async (t) => {
  const { server, media, mei, id } = await together(t)
  mei.on("pending", ({ clientId }) => {
    const [shown] = mei.thread(id)?.messages ?? []
    if ((shown?.attachment?.done ?? 0) > 0) mei.discard(clientId)
  })
  mei.sendMedia(id, large())
  await eventually(() => media.ended.length === 1)
  assert.deepEqual(texts(mei, id), [])
  assert.equal(server.direct("mei", "lin").messages.length, 0)
})

test("a medium on its way outlives the page", async (t) => {
  const { server, media, mei, id } = await together(t)
  media.gate = new Promise(() => {})
  const { clientId } = mei.sendMedia(id, new Blob(["still here"]), { name: "a.txt" })
  await new Promise((resolve) => setTimeout(resolve, 5))
  mei.close()
  media.gate = Promise.resolve()
  await joined(t, server, "mei", { fetch: media.fetch })
  await eventually(() => server.direct("mei", "lin").messages.length === 1)
  const [stored] = server.direct("mei", "lin").messages
  assert.equal(stored?.client_id, clientId)
  const { bytes = [], claims } = media.media.get(String(stored?.body.media)) ?? {}
  assert.equal(Buffer.from(bytes).toString(), "still here")
  assert.equal(claims?.name, "a.txt")
})

test("addresses are asked for together, and kept until they end", async (t) => {
  const { server, mei, id } = await together(t)
  const asked = () => server.calls.filter(({ name }) => name === "media.links")
  const [one, two] = await Promise.all([mei.mediaLinks(id, [1]), mei.mediaLinks(id, [2, 3])])
  assert.deepEqual(
    [one, two].map((links) => links?.map(({ seq }) => seq)),
    [[1], [2, 3]],
  )
  assert.match(one?.[0]?.urls.original ?? "", /^http:\/\/chat\.example\/media\//)
  await mei.mediaLinks(id, [1, 2, 3])
  assert.equal(asked().length, 1)
  await mei.mediaLinks(id, [2], { isRenewed: true })
  assert.equal(asked().length, 2)
  await mei.mediaLinks(id, [2], { report: 2 })
  assert.equal(asked().length, 3, "what a report shows is asked for by itself")
  server.linksLast = 1000 // less than is needed to read them
  await mei.mediaLinks(id, [4])
  await mei.mediaLinks(id, [4])
  assert.equal(asked().length, 5)
})

test("the type says as what something is sent", () => {
  const kinds = ["image/png", "Image/JPEG; q=1", "image/svg+xml", "video/mp4", "audio/mpeg", ""]
  assert.deepEqual(kinds.map(mediaKind), ["image", "image", "file", "video", "file", "file"])
})
