// A long list of which only what is near the window is in the page. What is looked at stays where it
// is when rows come above it or change their height; who looks at the end stays at the end.

import { signal } from "@preact/signals"
import type { JSX, RefObject } from "preact"
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks"
import { Rows } from "../virtual.ts"
import "./VirtualList.css"

const BEYOND = 900 // pixels drawn above and below the window
const NEAR = 300 // pixels that must be left of that before more is drawn
const AT_END = 48 // pixels from the end that count as the end
const NEAR_TOP = 1200 // pixels from the top where older rows are wanted

/** What stays where it is: the end, or a row with its distance from the top of the window. */
type Anchor = "end" | { key: string; offset: number }

/** Moves a list, and knows where it is. One for each list. */
export class ListControl {
  /** Whether the end is in sight. */
  readonly atEnd = signal(true)
  private go: ((anchor: Anchor) => void) | null = null
  private first: Anchor = "end"

  /** Show the end. */
  toEnd(): void {
    this.to("end")
  }

  /** Bring a row to a third of the window; whether there is such a row is not asked. */
  toRow(key: string, offset = 120): void {
    this.to({ key, offset })
  }

  /** The list is there: what was asked before is done now. */
  attach(go: ((anchor: Anchor) => void) | null): void {
    this.go = go
    go?.(this.first)
  }

  private to(anchor: Anchor): void {
    this.first = anchor
    this.go?.(anchor)
  }
}

/** What a list is made of. */
export interface VirtualListProps<T extends { key: string }> {
  rows: readonly T[]
  draw: (row: T) => JSX.Element
  control: ListControl
  /** Height of a row before any was measured, in pixels. */
  estimate?: number
  /** The beginning comes near: fetch what is before it. */
  onNearTop?: () => void
  /** The last row in the window is another one. */
  onSeen?: (key: string) => void
  class?: string
  role?: "log" | "list"
  label: string
}

/** The list; it fills its place, which has a height. */
export function VirtualList<T extends { key: string }>(props: VirtualListProps<T>) {
  const { rows, draw, control, estimate = 64 } = props
  const scroller = useRef<HTMLDivElement>(null)
  const inner = useRef<HTMLDivElement>(null)
  const [, redraw] = useState({})
  const view = useMemo(() => new View(scroller, inner, new Rows(estimate), control), [control])
  view.redraw = () => redraw({})
  view.hear = props
  useMemo(() => view.rows.replace(rows.map(({ key }) => key)), [view, rows])
  const [start, end] = view.choose()
  useLayoutEffect(() => view.settle())
  useEffect(() => view.watch(), [view])
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: it has a role, which is a variable
    <div
      ref={scroller}
      class={`virtual ${props.class ?? ""}`}
      role={props.role ?? "list"}
      aria-label={props.label}
      aria-live="off" // rows come and go by scrolling: what is new is said elsewhere
      tabIndex={-1}
      onScroll={() => view.scrolled()}
    >
      <div style={{ height: `${view.rows.total}px` }} />
      <div
        ref={inner}
        class="virtual__rows"
        style={{ transform: `translateY(${view.rows.top(start)}px)` }}
      >
        {rows.slice(start, end).map((row) => (
          <div
            key={row.key}
            data-key={row.key}
            role={props.role === "list" ? "listitem" : undefined}
          >
            {draw(row)}
          </div>
        ))}
      </div>
    </div>
  )
}

/** What one list holds between its drawings. */
class View {
  redraw: () => void = () => {}
  hear: { onNearTop?: () => void; onSeen?: (key: string) => void } = {}
  readonly rows: Rows
  private readonly scroller: RefObject<HTMLDivElement | null>
  private readonly inner: RefObject<HTMLDivElement | null>
  private readonly control: ListControl
  private readonly sizes = new ResizeObserver(() => this.settle())
  private anchor: Anchor = "end"
  private drawn: [start: number, end: number] = [0, 0]
  private seen = ""

  constructor(
    scroller: RefObject<HTMLDivElement | null>,
    inner: RefObject<HTMLDivElement | null>,
    rows: Rows,
    control: ListControl,
  ) {
    this.scroller = scroller
    this.inner = inner
    this.rows = rows
    this.control = control
  }

  /** The rows to draw: those around what is to be in the window. */
  choose(): [start: number, end: number] {
    const height = this.scroller.current?.clientHeight ?? innerHeight
    this.drawn = this.rows.window(this.target(height), height, BEYOND)
    return this.drawn
  }

  /** Take the heights of what is drawn, and put what is looked at where it was. */
  settle(): void {
    const box = this.scroller.current
    if (!box || box.clientHeight === 0) return
    const moved = this.measure()
    const target = Math.round(this.target(box.clientHeight))
    if (moved) this.redraw()
    if (Math.abs(box.scrollTop - target) > 1) box.scrollTop = target
    this.look(box)
  }

  /** Somebody scrolled, or `settle` did: what is in the window now is what stays. */
  scrolled(): void {
    const box = this.scroller.current
    if (!box) return
    const left = this.rows.total - box.scrollTop - box.clientHeight
    if (left <= AT_END) this.anchor = "end"
    else {
      const at = this.rows.at(box.scrollTop)
      const offset = this.rows.top(at) - box.scrollTop
      this.anchor = { key: this.rows.keys[at] ?? "", offset }
    }
    this.look(box)
    const [start, end] = this.rows.window(box.scrollTop, box.clientHeight, NEAR)
    if (start < this.drawn[0] || end > this.drawn[1]) this.redraw()
  }

  /** Follow sizes and commands as long as the list is there. */
  watch(): () => void {
    if (this.scroller.current) this.sizes.observe(this.scroller.current)
    if (this.inner.current) this.sizes.observe(this.inner.current)
    this.control.attach((anchor) => {
      this.anchor = anchor
      this.redraw()
    })
    return () => {
      this.control.attach(null)
      this.sizes.disconnect()
    }
  }

  private target(height: number): number {
    const most = Math.max(this.rows.total - height, 0)
    if (this.anchor === "end") return most
    const at = this.rows.indexOf(this.anchor.key)
    if (at < 0) return Math.min(this.scroller.current?.scrollTop ?? most, most)
    return Math.min(Math.max(this.rows.top(at) - this.anchor.offset, 0), most)
  }

  private measure(): boolean {
    let moved = false
    for (const row of this.inner.current?.children ?? []) {
      const { height } = row.getBoundingClientRect()
      moved = this.rows.measured((row as HTMLElement).dataset.key ?? "", height) || moved
    }
    return moved
  }

  private look(box: HTMLDivElement): void {
    this.control.atEnd.value = this.rows.total - box.scrollTop - box.clientHeight <= AT_END
    if (box.scrollTop < NEAR_TOP) this.hear.onNearTop?.()
    const last = this.rows.keys[this.rows.at(box.scrollTop + box.clientHeight - 1)] ?? ""
    if (last !== this.seen) this.hear.onSeen?.(last)
    this.seen = last
  }
}
