// Moving the focus by arrows among things of one kind; one of them is reached by Tab.

const STEPS: Record<string, number> = {
  ArrowDown: 1,
  ArrowRight: 1,
  ArrowUp: -1,
  ArrowLeft: -1,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
}

/** Move the focus among what matches inside of `box`, if the key says so. */
export function moveFocus(event: KeyboardEvent, box: Element, matching: string): void {
  const step = STEPS[event.key]
  if (step === undefined) return
  const all = [...box.querySelectorAll<HTMLElement>(matching)]
  if (all.length === 0) return
  const at = all.indexOf(document.activeElement as HTMLElement)
  const next = Number.isFinite(step) ? (at + step + all.length) % all.length : step > 0 ? -1 : 0
  event.preventDefault()
  all.at(next)?.focus()
}
