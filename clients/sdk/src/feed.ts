// Listeners of the application: for events, and for what a part of the picture now is.

import type { ChatEventName, ChatEvents, Told } from "./events.ts"

type Listener = (data: never) => void

/** Who wants to hear what. */
export class Feed {
  private readonly listeners = new Map<string, Set<Listener>>()
  private readonly views = new Set<() => void>()
  private isScheduled = false

  /** Call `listener` for each event of a name, in order; gives what ends that. */
  on<Name extends ChatEventName>(
    name: Name,
    listener: (data: ChatEvents[Name]) => void,
  ): () => void {
    const listeners = this.listeners.get(name) ?? new Set()
    this.listeners.set(name, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  /** Call `listener` with what `select` gives, now and whenever that is another value. */
  subscribe<T>(select: () => T, listener: (value: T) => void): () => void {
    let shown = select()
    const look = () => {
      const value = select()
      if (Object.is(value, shown)) return
      shown = value
      listener(value)
    }
    this.views.add(look)
    listener(shown)
    return () => void this.views.delete(look)
  }

  /** Tell an event to those who want it; views are looked at after everything that happens now. */
  tell({ tell, data }: Told): void {
    for (const listener of this.listeners.get(tell) ?? []) guarded(() => listener(data as never))
    if (this.isScheduled || this.views.size === 0) return
    this.isScheduled = true
    queueMicrotask(() => {
      this.isScheduled = false
      for (const look of this.views) guarded(look)
    })
  }

  /** Nobody listens any more. */
  close(): void {
    this.listeners.clear()
    this.views.clear()
  }
}

/** An error of the application is reported as one, and keeps nobody else from hearing. */
function guarded(listener: () => void): void {
  try {
    listener()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
