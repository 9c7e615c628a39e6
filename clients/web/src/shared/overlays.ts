// What lies over the page for a while: one menu, one dialog, a line that goes by itself. They are
// asked for from anywhere, and drawn by `Overlays`, once in a page.

import { signal } from "@preact/signals"
import type { ComponentChildren } from "preact"
import { announce } from "./components/Announcer.tsx"
import type { IconName } from "./components/Icon.tsx"

const TOAST_MS = 5000

/** Something to choose from a menu. */
export interface MenuItem {
  label: string
  icon?: IconName
  isDangerous?: boolean
  /** For one of several that exclude each other: whether it is the chosen one. */
  isChecked?: boolean
  choose: () => void
}

/** An open menu: where it points to, what it is about, what stands above its items. */
export interface OpenMenu {
  label: string
  items: MenuItem[]
  at: { x: number; y: number }
  head?: ComponentChildren
}

export const menu = signal<OpenMenu | null>(null)
export const dialog = signal<(() => ComponentChildren) | null>(null)
export const toasted = signal("")

let going: ReturnType<typeof setTimeout> | undefined

/** Open a menu at a point of the window, or below an element. */
export function openMenu(
  where: Element | { x: number; y: number },
  rest: Omit<OpenMenu, "at">,
): void {
  const box = where instanceof Element ? where.getBoundingClientRect() : null
  const at = box ? { x: box.left, y: box.bottom } : (where as { x: number; y: number })
  menu.value = { ...rest, at }
}

/** Close the menu. */
export function closeMenu(): void {
  menu.value = null
}

/** Open a dialog; `draw` gives a `Dialog`. */
export function openDialog(draw: () => ComponentChildren): void {
  menu.value = null
  dialog.value = draw
}

/** Close the dialog. */
export function closeDialog(): void {
  dialog.value = null
}

/** Say something in a line that goes by itself. */
export function toast(text: string): void {
  clearTimeout(going)
  toasted.value = text
  announce(text)
  going = setTimeout(() => {
    toasted.value = ""
  }, TOAST_MS)
}
