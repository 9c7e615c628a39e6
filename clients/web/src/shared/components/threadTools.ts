// What the parts of a thread need of it.

import type { Shown } from "@chatserver/client"
import type { ReadonlySignal } from "@preact/signals"
import { createContext } from "preact"
import { useContext } from "preact/hooks"

export interface ThreadTools {
  id: string
  isRoom: boolean
  /** The row that Tab reaches. */
  focused: ReadonlySignal<string>
  /** The row that was just jumped to. */
  flash: ReadonlySignal<string>
  /** All that there is to see, where that is not the conversation's. */
  messages?: readonly Shown[]
  /** Where messages are seen in the report about one of them: its number. */
  report?: number
  noteFocus(key: string): void
  /** Show a message, loading what is between. */
  jump(seq: number): void
  openMenu(shown: Shown, where: Element | { x: number; y: number }): void
}

export const ToolsContext = createContext<ThreadTools | null>(null)

/** The `tabIndex` of what is inside of a row: Tab reaches it in the row that has the focus alone. */
export function useInnerTab(key: string): 0 | -1 {
  return useTools().focused.value === key ? 0 : -1
}

/** Those of the conversation whose messages stand among these; null without one. */
export const BesideContext = createContext<ThreadTools | null>(null)

/** The tools of the thread around this component. */
export function useTools(): ThreadTools {
  const tools = useContext(ToolsContext)
  if (!tools) throw new Error("No thread around this component")
  return tools
}
