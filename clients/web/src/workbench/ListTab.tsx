// One of the tabs above a list: whoever comes to it by arrows has chosen it.

import type { ComponentChildren } from "preact"

/** A tab of the list `panel`; `children` are its name and what it counts. */
export function ListTab(props: {
  id: string
  panel: string
  isChosen: boolean
  choose: () => void
  children: ComponentChildren
}) {
  const { id, panel, isChosen, choose, children } = props
  return (
    <button
      type="button"
      class="tab"
      role="tab"
      id={id}
      aria-selected={isChosen}
      aria-controls={panel}
      tabIndex={isChosen ? 0 : -1}
      onClick={choose}
      onFocus={choose}
    >
      {children}
    </button>
  )
}
