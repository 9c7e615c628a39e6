// Asking for a menu: the right button, the menu key, Enter, or a finger that rests.

import { useMemo, useRef } from "preact/hooks"

const REST_MS = 450
const SLIP = 10 // pixels a resting finger may move

type Where = Element | { x: number; y: number }

/** The listeners of an element that has a menu. */
export function useLongPress(open: (where: Where) => void) {
  const latest = useRef(open)
  latest.current = open
  return useMemo(() => listeners((where) => latest.current(where)), [])
}

function listeners(open: (where: Where) => void) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let from = { x: 0, y: 0 }
  const stop = () => clearTimeout(timer)
  return {
    onContextMenu(event: MouseEvent) {
      if (isText(event)) return
      event.preventDefault()
      stop()
      const byKey = event.clientX === 0 && event.clientY === 0
      open(byKey ? (event.currentTarget as Element) : { x: event.clientX, y: event.clientY })
    },
    onKeyDown(event: KeyboardEvent) {
      if (event.key !== "Enter" || event.target !== event.currentTarget) return
      event.preventDefault()
      open(event.currentTarget as Element)
    },
    onPointerDown(event: PointerEvent) {
      stop()
      if (event.pointerType !== "touch") return
      from = { x: event.clientX, y: event.clientY }
      timer = setTimeout(() => open(from), REST_MS)
    },
    onPointerMove(event: PointerEvent) {
      if (Math.hypot(event.clientX - from.x, event.clientY - from.y) > SLIP) stop()
    },
    onPointerUp: stop,
    onPointerCancel: stop,
  }
}

/** Whether the browser's own menu serves better: on a link, and where text is marked. */
function isText(event: MouseEvent): boolean {
  const onLink = (event.target as Element).closest("a") !== null
  return onLink || (getSelection()?.toString() ?? "") !== ""
}
