// The tabs of a shop in one browser. Frames share one connection among them, unless the browser
// denies frames of other sites what that takes: then the chat is live in one tab, that used last.

type Note = { taken: true } | { unread: number }

/** What a tab hears of the others. */
export interface TabsListener {
  /** Another tab has the chat now. */
  taken(): void
  /** What that tab counted. */
  unread(count: number): void
}

/** The other tabs. */
export class OtherTabs {
  private readonly channel = new BroadcastChannel("chat-widget")

  constructor(listener: TabsListener) {
    this.channel.onmessage = ({ data }: MessageEvent<Note>) => {
      if ("taken" in data) listener.taken()
      else listener.unread(data.unread)
    }
  }

  /** The chat is live here now. */
  take(): void {
    this.post({ taken: true })
  }

  /** Tell how many messages are unread. */
  count(unread: number): void {
    this.post({ unread })
  }

  /** Neither hear nor tell anything more. */
  close(): void {
    this.channel.close()
  }

  private post(note: Note): void {
    this.channel.postMessage(note)
  }
}
