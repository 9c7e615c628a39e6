// A list of rows of one height, of which only those near the window are in the page.

import { useSignal } from "@preact/signals"
import type { JSX } from "preact"
import { useLayoutEffect, useRef } from "preact/hooks"

const BEYOND = 8 // rows drawn above and below the window

/** Rows of `rowRem` rem. Tab reaches one of them, arrows the others; `reveal` is kept in sight. */
export function FixedList<T extends { id: string }>(props: {
  items: readonly T[]
  rowRem: number
  draw: (item: T, isReachable: boolean) => JSX.Element
  label: string
  reveal: string | null
  /** The end comes near: fetch what comes behind it. */
  onNearEnd: () => void
}) {
  const { items, draw, label, reveal, onNearEnd } = props
  const box = useRef<HTMLUListElement>(null)
  const first = useSignal(0)
  const rows = useSignal(20)
  const height = props.rowRem * rem()
  const at = items.findIndex(({ id }) => id === reveal)
  const look = () => {
    const { scrollTop = 0, clientHeight = 0 } = box.current ?? {}
    first.value = Math.floor(scrollTop / height)
    rows.value = Math.ceil(clientHeight / height) + 1
    if (first.value + rows.value + BEYOND >= items.length) onNearEnd()
  }
  useLayoutEffect(() => {
    const watched = new ResizeObserver(look)
    if (box.current) watched.observe(box.current)
    return () => watched.disconnect()
  }, [])
  useLayoutEffect(() => {
    if (box.current && at >= 0) bringIntoSight(box.current, at * height, height)
  }, [reveal])
  const start = Math.max(Math.min(first.value, items.length - rows.value) - BEYOND, 0)
  const end = Math.min(start + rows.value + 2 * BEYOND, items.length)
  const reachable = at >= start && at < end ? at : Math.min(first.value, items.length - 1)
  return (
    <ul ref={box} class="fixed-list" aria-label={label} onScroll={look} onKeyDown={onKey}>
      <li class="fixed-list__space" aria-hidden="true" style={{ height: `${start * height}px` }} />
      {items.slice(start, end).map((item, index) => (
        <li
          key={item.id}
          class="fixed-list__row"
          aria-setsize={items.length}
          aria-posinset={start + index + 1}
          style={{ height: `${height}px` }}
        >
          {draw(item, start + index === reachable)}
        </li>
      ))}
      <li
        class="fixed-list__space"
        aria-hidden="true"
        style={{ height: `${(items.length - end) * height}px` }}
      />
    </ul>
  )
}

/** Arrows go from row to row, and stop at the ends. */
function onKey(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step === undefined) return
  const all = [...(event.currentTarget as Element).querySelectorAll<HTMLElement>("a, button")]
  const at = all.indexOf(document.activeElement as HTMLElement)
  event.preventDefault()
  if (at >= 0) all[at + step]?.focus()
}

function bringIntoSight(box: HTMLElement, top: number, height: number): void {
  if (top < box.scrollTop) box.scrollTop = top
  const below = top + height - box.clientHeight
  if (below > box.scrollTop) box.scrollTop = below
}

function rem(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16
}
