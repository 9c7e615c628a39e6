// A dialog over the page, and where the focus goes when it closes.

import type { RefObject } from "preact"
import { useLayoutEffect, useRef } from "preact/hooks"

/**
 * The place of a modal dialog as long as it is drawn. Once it goes, the focus is back where it was
 * at once: what closed it may have the focus wanted elsewhere by the next frame.
 */
export function useModal(): RefObject<HTMLDialogElement | null> {
  const ref = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const before = document.activeElement
    const box = ref.current
    box?.showModal()
    return () => {
      if (!box?.open) return // closed by Escape: the browser gave it back, and it may be elsewhere
      box.remove() // as long as it is there, nothing behind it takes the focus
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  return ref
}
