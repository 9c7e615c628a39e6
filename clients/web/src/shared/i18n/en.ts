// The texts that all pages share, in English.

const several = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`

/** Of whom a system message tells, and what. */
export interface Told {
  by: string
  users: string
  title: string
  text: string
  /** Until when; empty: for ever. */
  until: string
}

const until = (time: string) => (time ? ` until ${time}` : "")

export const en = {
  nobody: "Please open the chat from the shop's app or web site.",
  common: {
    back: "Back",
    cancel: "Cancel",
    close: "Close",
    more: "More",
    save: "Save",
    search: "Search",
    loading: "Loading…",
    you: "You",
    done: "Done",
    retry: "Try again",
  },
  language: { title: "Language", en: "English", zh: "中文" },
  theme: { title: "Appearance", auto: "As the system", light: "Light", dark: "Dark" },
  connection: {
    connecting: "Connecting…",
    offline: "No connection. What you write is sent as soon as it is back.",
    stopped: "This device was logged out. Open the chat again from the shop's app or site.",
  },
  list: {
    title: "Chats",
    empty: "No conversations yet.",
    unread: (count: number) => several(count, "unread message", "unread messages"),
    mentioned: "You were mentioned",
    muted: "Muted",
    pinned: "Pinned",
    draft: "Draft",
    typing: "typing…",
    said: (name: string, text: string) => `${name}: ${text}`,
  },
  kinds: {
    image: "[Image]",
    voice: "[Voice message]",
    video: "[Video]",
    file: "[File]",
    location: "[Location]",
    card: "[Card]",
    link: "[Link]",
    call: "[Call]",
    custom: "[Message]",
    forwarded: "[Forwarded messages]",
    unknown: "This message cannot be shown here.",
  },
  tick: {
    sending: "On its way",
    sent: "Sent",
    delivered: "Delivered",
    read: "Read",
    failed: "Not sent",
  },
  presence: {
    online: "online",
    away: "away",
    offline: "offline",
    lastSeen: (when: string) => `last seen ${when}`,
  },
  time: { today: "Today", yesterday: "Yesterday" },
  thread: {
    label: (title: string) => `Conversation with ${title}`,
    empty: "Nothing here yet. Say hello!",
    unread: "New messages",
    latest: "To the latest message",
    newBelow: (count: number) => several(count, "new message", "new messages"),
    typing: (names: string) => `${names} is typing…`,
    typingSeveral: (names: string) => `${names} are typing…`,
    recalled: (name: string) => `${name} took a message back`,
    recalledMine: "You took a message back",
    deleted: "You deleted this message",
    edited: "edited",
    pinned: "Pinned",
    forwardedFrom: (name: string) => `Forwarded from ${name}`,
    said: (name: string, text: string) => `${name} says: ${text}`,
    beginning: "This is where the conversation begins.",
    loadingOlder: "Loading earlier messages…",
  },
  system: {
    and: ", ",
    unknown: "Something changed in this room.",
    said: {
      created: (told: Told) => `${told.by} began "${told.title}"`,
      joined: (told: Told) => `${told.users || told.by} joined`,
      left: (told: Told) => `${told.users || told.by} left`,
      added: (told: Told) => `${told.by} brought in ${told.users}`,
      removed: (told: Told) => `${told.by} removed ${told.users}`,
      role: (told: Told) => `${told.by} changed the role of ${told.users}`,
      muted: (told: Told) => `${told.users} may not write${until(told.until)}`,
      unmuted: (told: Told) => `${told.users} may write again`,
      all_muted: (told: Told) => `Only admins may write${until(told.until)}`,
      all_unmuted: (_told: Told) => "Everybody may write again",
      title: (told: Told) => `The room is now called "${told.title}"`,
      avatar: (_told: Told) => "The room has a new picture",
      announcement: (told: Told) => `Announcement: ${told.text}`,
      unannounced: (_told: Told) => "The announcement was taken down",
      settings: (_told: Told) => "The settings of the room changed",
    },
  },
  composer: {
    label: "Message",
    placeholder: "Write a message",
    send: "Send",
    tooLong: "This message is too long.",
  },
} as const
