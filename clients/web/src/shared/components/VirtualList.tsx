// A long list of which only what is near the window is in the page. What is looked at stays where it
// is when rows come above it or change their height; who looks at the end stays at the end.

import { signal } from "@preact/signals"
import type { JSX, RefObject } from "preact"
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks"
import { Rows } from "../virtual.ts"
import "./VirtualList.css"

const BEYOND = 600 // pixels drawn above and below the window
const NEAR = 200 // pixels that must be left of that before more is drawn
const AT_END = 48 // pixels from the end that count as the end
const NEAR_TOP = 1200 // pixels from the top where older rows are wanted
const ANCHORS = 4 // rows of which one is likely to be there still when others came
const PAD = 12 // pixels left free before the first and after the last row

/** What stays where it is: a row, with its distance from the top of the window; or the end. */
type Anchor = { key: string; offset: number } | { key: null; offset: 0 }

const END: Anchor = { key: null, offset: 0 }

/** Moves a list, and knows where it is. One for each list. */
export class ListControl {
  /** Whether the end is in sight. */
  readonly atEnd = signal(true)
  private view: Pick<View, "go" | "isInSight" | "focus"> | null = null
  private first: Anchor = END

  /** Show the end. */
  toEnd(): void {
    this.to(END)
  }

  /** Bring a row near the top of the window, or to `offset` pixels from it. */
  toRow(key: string, offset = 120): void {
    this.to({ key, offset })
  }

  /** Focus what can be focused in a row, and bring it into sight where it is not. */
  focus(key: string): void {
    if (!this.view?.isInSight(key)) this.toRow(key)
    this.view?.focus(key)
  }

  /** The list is there: what was asked before is done now. */
  attach(view: Pick<View, "go" | "isInSight" | "focus"> | null): void {
    this.view = view
    view?.go(this.first)
  }

  private to(anchor: Anchor): void {
    if (this.view) this.view.go(anchor)
    else this.first = anchor
  }
}

/** What a list is made of. */
export interface VirtualListProps<T extends { key: string }> {
  rows: readonly T[]
  /** Called once for a row: what moves beside the row itself comes by signals and contexts. */
  draw: (row: T) => JSX.Element
  control: ListControl
  /** Height of a row before any was measured, in pixels. */
  estimate?: number
  /** The beginning comes near: fetch what is before it. */
  onNearTop?: () => void
  /** The last row in the window is another one. */
  onSeen?: (row: T) => void
  onKeyDown?: (event: KeyboardEvent) => void
  class?: string
  role?: "log" | "list"
  label: string
}

/** The list; it fills its place, which has a height. */
export function VirtualList<T extends { key: string }>(props: VirtualListProps<T>) {
  const { rows, control, estimate = 64 } = props
  const scroller = useRef<HTMLDivElement>(null)
  const inner = useRef<HTMLDivElement>(null)
  const [, redraw] = useState({})
  const view = useMemo(() => new View(scroller, inner, new Rows(estimate)), [control])
  view.redraw = () => redraw({})
  view.hear = {
    nearTop: () => props.onNearTop?.(),
    seen: (at) => {
      const row = rows[at]
      if (row) props.onSeen?.(row)
    },
    atEnd: control.atEnd,
  }
  useMemo(() => view.replace(rows.map(({ key }) => key)), [view, rows])
  const draw = useDrawnOnce(props.draw)
  const { start, end, top } = view.choose()
  useLayoutEffect(() => view.settle())
  useEffect(() => {
    control.attach(view)
    return () => control.attach(null)
  }, [view, control])
  useEffect(() => view.watch(), [view])
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: it has a role, which is a variable
    // biome-ignore lint/a11y/noStaticElementInteractions: the same
    <div
      ref={scroller}
      class={`virtual ${props.class ?? ""}`}
      role={props.role ?? "list"}
      aria-label={props.label}
      aria-live="off" // rows come and go by scrolling: what is new is said elsewhere
      tabIndex={-1}
      onScroll={() => view.scrolled()}
      onKeyDown={props.onKeyDown}
    >
      <div style={{ height: `${view.height}px` }} />
      <div ref={inner} class="virtual__rows" style={{ transform: `translateY(${top}px)` }}>
        {rows.slice(start, end).map((row) => (
          <div
            key={row.key}
            data-key={row.key}
            role={props.role === "log" ? undefined : "listitem"}
          >
            {draw(row)}
          </div>
        ))}
      </div>
    </div>
  )
}

/** The same row gives the same element, which is not compared again while somebody scrolls. */
function useDrawnOnce<T extends object>(draw: (row: T) => JSX.Element): (row: T) => JSX.Element {
  return useMemo(() => {
    const drawn = new WeakMap<T, JSX.Element>()
    return (row) => {
      const made = drawn.get(row) ?? draw(row)
      drawn.set(row, made)
      return made
    }
  }, [])
}

/** What one list holds between its drawings. */
class View {
  redraw: () => void = () => {}
  hear = { nearTop: () => {}, seen: (_at: number) => {}, atEnd: signal(true) }
  private readonly rows: Rows
  private readonly scroller: RefObject<HTMLDivElement | null>
  private readonly inner: RefObject<HTMLDivElement | null>
  private readonly sizes = new ResizeObserver(() => this.settle())
  private anchors: Anchor[] = [END] // the first one that is a row holds
  private put = 0 // where the window was put, or seen
  private drawn: [start: number, end: number] = [0, 0]
  private seen = ""
  private toFocus = ""

  constructor(
    scroller: RefObject<HTMLDivElement | null>,
    inner: RefObject<HTMLDivElement | null>,
    rows: Rows,
  ) {
    this.scroller = scroller
    this.inner = inner
    this.rows = rows
  }

  /** How high all rows are, with what is left free around them. */
  get height(): number {
    return this.rows.total + 2 * PAD
  }

  /** Look at another place from now on. */
  go(anchor: Anchor): void {
    this.anchors = [anchor]
    this.put = this.scroller.current?.scrollTop ?? 0
    this.redraw()
  }

  /** Whether all of a row is in the window. */
  isInSight(key: string): boolean {
    const box = this.scroller.current
    const at = this.rows.indexOf(key)
    if (!box || at < 0) return false
    return this.top(at) >= box.scrollTop && this.top(at + 1) <= box.scrollTop + box.clientHeight
  }

  /** Focus a row as soon as it is drawn. */
  focus(key: string): void {
    this.toFocus = key
    this.giveFocus()
  }

  /** Take other rows, after what was scrolled among the old ones. */
  replace(keys: readonly string[]): void {
    this.catchUp()
    this.rows.replace(keys)
  }

  /** The rows to draw: those around what is to be in the window. */
  choose(): { start: number; end: number; top: number } {
    this.catchUp()
    const height = this.scroller.current?.clientHeight ?? innerHeight
    this.put = Math.min(this.put, Math.max(this.height - height, 0)) // as the browser will do
    this.drawn = this.rows.window(this.target(height) - PAD, height, BEYOND)
    const [start, end] = this.drawn
    return { start, end, top: this.top(start) }
  }

  /** Take the heights of what is drawn, and put what is looked at where it was. */
  settle(): void {
    const box = this.scroller.current
    if (!box || box.clientHeight === 0) return
    this.catchUp()
    const isFirst = !this.rows.isMeasured
    if (this.measure()) {
      if (isFirst) this.rows.learn() // all others are taken to be like these
      return this.redraw() // and settle then
    }
    const target = Math.round(this.target(box.clientHeight))
    if (Math.abs(box.scrollTop - target) > 1) box.scrollTop = target
    this.put = box.scrollTop
    this.look(box)
    this.giveFocus()
  }

  /** Somebody scrolled, or `settle` did. */
  scrolled(): void {
    const box = this.scroller.current
    if (!box) return
    this.catchUp()
    this.look(box)
    const [start, end] = this.rows.window(box.scrollTop - PAD, box.clientHeight, NEAR)
    if (start < this.drawn[0] || end > this.drawn[1]) this.redraw()
  }

  /** Follow sizes as long as the list is there. */
  watch(): () => void {
    if (this.scroller.current) this.sizes.observe(this.scroller.current)
    if (this.inner.current) this.sizes.observe(this.inner.current)
    return () => this.sizes.disconnect()
  }

  /** Where somebody scrolled, what is in the window now is what stays. The event comes later than
   * the scrolling, perhaps after other rows did. */
  private catchUp(): void {
    const box = this.scroller.current
    if (!box || Math.abs(box.scrollTop - this.put) <= 1) return
    this.put = box.scrollTop
    if (this.left(box) <= AT_END) this.anchors = [END]
    else {
      const at = this.rows.at(box.scrollTop - PAD)
      this.anchors = this.rows.keys.slice(at, at + ANCHORS).map((key, further) => {
        return { key, offset: this.top(at + further) - box.scrollTop }
      })
    }
  }

  private target(height: number): number {
    const most = Math.max(this.height - height, 0)
    for (const { key, offset } of this.anchors) {
      if (key === null) return most
      const at = this.rows.indexOf(key)
      if (at >= 0) return Math.min(Math.max(this.top(at) - offset, 0), most)
    }
    return Math.min(this.put, most)
  }

  private top(at: number): number {
    return this.rows.top(at) + PAD
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
    this.hear.atEnd.value = this.left(box) <= AT_END
    if (box.scrollTop < NEAR_TOP) this.hear.nearTop()
    const at = this.rows.at(box.scrollTop + box.clientHeight - PAD - 1)
    const last = this.rows.keys[at] ?? ""
    if (last !== this.seen) this.hear.seen(at)
    this.seen = last
  }

  private left(box: HTMLDivElement): number {
    return this.height - box.scrollTop - box.clientHeight
  }

  private giveFocus(): void {
    if (this.toFocus === "") return
    const row = this.inner.current?.querySelector(`[data-key="${CSS.escape(this.toFocus)}"]`)
    const inside = row?.querySelector<HTMLElement>("[tabindex]")
    if (!inside) return
    this.toFocus = ""
    inside.focus({ preventScroll: true })
  }
}
