// Clients of a server in memory, and waiting.

import assert from "node:assert/strict"
import type { TestContext } from "node:test"
import { ChatClient, type ChatOptions } from "../src/client.ts"
import type { FakeServer } from "./fake-server.ts"

const PATIENCE_MS = 30_000 // only what fails waits so long

/** Wait until something is true. */
export async function eventually(what: () => unknown, why = String(what)): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  while (!what()) {
    assert.ok(Date.now() < deadline, `it did not come true: ${why}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** Somebody's client, not started; it is closed after the test. */
export function clientOf(
  t: TestContext,
  server: FakeServer,
  user: string,
  options: Partial<ChatOptions> = {},
): ChatClient {
  const chat = new ChatClient({
    url: "http://chat.example",
    token: user,
    device: { id: `${user}-${t.name}`, platform: "web" },
    transport: server.transport,
    shareTabs: false,
    timeoutMs: PATIENCE_MS,
    ...options,
  })
  t.after(() => chat.close())
  return chat
}

/** Somebody's client, in step with the server. */
export async function joined(
  t: TestContext,
  server: FakeServer,
  user: string,
  options: Partial<ChatOptions> = {},
): Promise<ChatClient> {
  const chat = clientOf(t, server, user, options).start()
  await chat.ready()
  return chat
}

/** The texts of a conversation as it is shown. */
export function texts(chat: ChatClient, conversation: string): string[] {
  return chat.thread(conversation)?.messages.map(({ text }) => text) ?? []
}
