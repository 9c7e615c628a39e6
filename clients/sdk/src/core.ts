// All of the SDK but socket.io-client, for who brings a transport.

export type { ChatOptions, PushSettings, Sending, SendOptions } from "./client.ts"
export { ChatClient } from "./client.ts"
export type { TokenSource } from "./connection.ts"
export type { Conversation } from "./conversation.ts"
export type { DeskListName } from "./desk.ts"
export { installationId } from "./device.ts"
export { ChatDisconnected, ChatError, ChatRefused, ChatStopped, ChatTimeout } from "./errors.ts"
export type { ChatEventName, ChatEvents, Connectivity, PendingState } from "./events.ts"
export {
  type HistoryStore,
  indexedDbHistory,
  type Kept,
  type KeptConversation,
  type KeptPerson,
} from "./kept.ts"
export {
  type Attachment,
  type MediaLinkOptions,
  mediaKind,
  mediaOf,
  type SendMediaOptions,
  type UploadOptions,
} from "./media.ts"
export { textOf } from "./message.ts"
export { type Draft, newClientId, type Pending, type Refusal } from "./outbox.ts"
export * from "./protocol.ts"
export { type PushRegistration, WebPush } from "./push.ts"
export type {
  FoundConversations,
  FoundMessages,
  MessageSearch,
  Search,
  SearchKind,
} from "./search.ts"
export { indexedDbStore, memoryStore, type OutboxStore } from "./store.ts"
export type { Auth, ConnectRefusal, Link, LinkEvents, Transport } from "./transport.ts"
export type { MediaClaims, MediaKind } from "./upload.ts"
export type { DeskList, Shown, Thread, Tick } from "./views.ts"
