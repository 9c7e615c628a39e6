// A browser's own way to notifications (Web Push, RFC 8030 and 8292): it subscribes with the server's
// key, and the server is told where to send them.

import type { ChatClient } from "./client.ts"
import type { Connectivity } from "./events.ts"
import type { Address } from "./protocol.ts"

const LOGGED_OUT = ["unauthorized", "kicked"]

/** As much of a `ServiceWorkerRegistration` as is needed. */
export interface PushRegistration {
  readonly pushManager: Pick<PushManager, "getSubscription" | "subscribe">
}

/** This browser's subscription, and the server's knowledge of it; it ends when this device is logged
 * out. */
export class WebPush {
  private readonly chat: ChatClient
  private readonly registration: PushRegistration
  private readonly off: () => void

  /** For the chat of whoever is to be notified here. */
  constructor(chat: ChatClient, registration: PushRegistration) {
    this.chat = chat
    this.registration = registration
    this.off = chat.on("connection", (told) => {
      if (isLoggedOut(told)) this.unsubscribe().catch(() => {}) // nothing is sent there any more
    })
  }

  /**
   * Be notified here from now on, in this language; whether the server can do that.
   *
   * To be called at every start too: a subscription that is gone, or was made with another key of
   * the server, is made anew. Rejects as `PushManager.subscribe` does where the person did not
   * allow notifications, or the browser's push service cannot be reached; and as calls do.
   */
  async start(language: NonNullable<Address["language"]>): Promise<boolean> {
    const { web_key } = await this.chat.pushPrefs()
    if (!web_key) return false
    const subscription = await this.subscribed(bytesOf(web_key))
    await this.chat.setPush(addressOf(subscription, language))
    return true
  }

  /** Be notified here no longer. */
  async stop(): Promise<void> {
    await this.unsubscribe() // also without a network: the server learns it from the push service
    await this.chat.setPush(null)
  }

  /** Give up the subscription, whoever's it was. */
  async unsubscribe(): Promise<void> {
    const subscription = await this.registration.pushManager.getSubscription()
    await subscription?.unsubscribe()
  }

  /** Look after it no longer; the subscription stays. */
  close(): void {
    this.off()
  }

  private async subscribed(key: Uint8Array<ArrayBuffer>): Promise<PushSubscription> {
    const { pushManager } = this.registration
    const known = await pushManager.getSubscription()
    if (known && isSame(known.options.applicationServerKey, key)) return known
    await known?.unsubscribe()
    return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
  }
}

/** Where a subscription's notifications go, as the server wants to know it. */
function addressOf(subscription: PushSubscription, language: Address["language"]): Address {
  const { endpoint = "", keys = {} } = subscription.toJSON()
  const { p256dh = "", auth = "" } = keys
  return { provider: "web", token: endpoint, keys: { p256dh, auth }, language: language ?? "zh" }
}

function isLoggedOut({ phase, code = "" }: Connectivity): boolean {
  return phase === "stopped" && LOGGED_OUT.includes(code)
}

/** The bytes of base64url. */
function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"))
  return Uint8Array.from(plain, (char) => char.charCodeAt(0))
}

function isSame(known: ArrayBuffer | null, key: Uint8Array): boolean {
  const bytes = new Uint8Array(known ?? [])
  return bytes.length === key.length && bytes.every((byte, at) => byte === key[at])
}
