// Draws the menu, the dialog and the line that are asked for.

import type { ComponentChildren } from "preact"
import { useId, useLayoutEffect, useRef } from "preact/hooks"
import { t } from "../i18n/index.ts"
import { moveFocus } from "../keys.ts"
import { useModal } from "../modal.ts"
import {
  closeDialog,
  closeMenu,
  dialog,
  type MenuItem,
  menu,
  type OpenMenu,
  toasted,
} from "../overlays.ts"
import { Announcer } from "./Announcer.tsx"
import { Icon, IconButton } from "./Icon.tsx"
import "./Overlays.css"

const EDGE = 8 // pixels left free around a menu

/** Once in a page, after everything else. */
export function Overlays() {
  const open = menu.value
  return (
    <>
      {dialog.value?.()}
      {open && <Menu key={open} {...open} />}
      {toasted.value && <p class="toast">{toasted.value}</p>}
      <Announcer />
    </>
  )
}

/** A dialog over the page; Escape and its button close it, and the focus goes back. */
export function Dialog({ title, children }: { title: string; children: ComponentChildren }) {
  const box = useModal()
  const label = useId()
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it by itself
    <dialog
      ref={box}
      class="dialog"
      aria-labelledby={label}
      onClose={closeDialog}
      onClick={(event) => event.target === box.current && closeDialog()}
    >
      <header class="dialog__bar">
        <h2 id={label}>{title}</h2>
        <IconButton icon="close" label={t().common.close} onClick={closeDialog} />
      </header>
      <div class="dialog__body">{children}</div>
    </dialog>
  )
}

/** A question with its answer as a button. */
export function Confirm(props: {
  title: string
  text: string
  answer: string
  isDangerous?: boolean
  onAnswer: () => void
}) {
  return (
    <Dialog title={props.title}>
      <p>{props.text}</p>
      <div class="dialog__foot">
        <button type="button" class="button" onClick={closeDialog}>
          {t().common.cancel}
        </button>
        <button
          type="button"
          class={`button ${props.isDangerous ? "button--danger" : "button--main"}`}
          onClick={() => {
            closeDialog()
            props.onAnswer()
          }}
        >
          {props.answer}
        </button>
      </div>
    </Dialog>
  )
}

function Menu({ label, items, at, head }: OpenMenu) {
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const { current } = box
    if (!current) return
    const before = document.activeElement as HTMLElement | null
    current.showPopover()
    place(current, at)
    current.querySelector<HTMLElement>("[role^=menuitem]")?.focus({ preventScroll: true })
    const onPointerDown = ({ target }: PointerEvent) => {
      if (!current.contains(target as Node)) closeMenu()
    }
    document.addEventListener("pointerdown", onPointerDown, { capture: true })
    return () => {
      document.removeEventListener("pointerdown", onPointerDown, { capture: true })
      const { activeElement } = document
      const isOurs = current.contains(activeElement) || activeElement === document.body
      if (isOurs) before?.focus?.({ preventScroll: true })
    }
  }, [])
  return (
    <div
      ref={box}
      class="menu"
      role="menu"
      aria-label={label}
      tabIndex={-1}
      popover="manual" // one that closes by itself does so when the finger that opened it is lifted
      onKeyDown={(event) => {
        if (event.key === "Tab" || event.key === "Escape") {
          event.preventDefault()
          closeMenu()
        }
        moveFocus(event, event.currentTarget, "[role^=menuitem]")
      }}
    >
      {head}
      {items.map((item) => (
        <Item key={item.label} {...item} />
      ))}
    </div>
  )
}

function Item({ label, icon, isDangerous, isChecked, choose }: MenuItem) {
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: it has a role, which is a variable
    <button
      type="button"
      class={`menu__item ${isDangerous ? "menu__item--danger" : ""}`}
      role={isChecked === undefined ? "menuitem" : "menuitemradio"}
      aria-checked={isChecked}
      tabIndex={-1}
      onClick={() => {
        closeMenu()
        choose()
      }}
    >
      {icon && <Icon name={icon} size={20} />}
      {label}
      {isChecked && (
        <span class="menu__check">
          <Icon name="check" size={18} />
        </span>
      )}
    </button>
  )
}

/** Beside the point, and inside of the window. */
function place(box: HTMLElement, { x, y }: { x: number; y: number }): void {
  const { offsetWidth: width, offsetHeight: height } = box
  const left = Math.max(EDGE, Math.min(x, innerWidth - width - EDGE))
  const top = y + height + EDGE > innerHeight ? Math.max(EDGE, y - height) : y
  box.style.left = `${left}px`
  box.style.top = `${Math.min(top, innerHeight - height - EDGE)}px`
}
