// Somebody's picture, or their initials on a colour that stays theirs.

import type { Presence } from "@chatserver/client"
import { initials, tone } from "../initials.ts"
import "./Avatar.css"

/** Decoration beside a name: screen readers hear the name. `id` chooses the colour. */
export function Avatar(props: {
  id: string
  name: string
  src?: string | null
  presence?: Presence["state"] | undefined
  isRoom?: boolean
  size?: "small" | "large"
}) {
  const { id, name, src, presence, isRoom, size } = props
  const shape = `${isRoom ? "avatar--room" : ""} ${size ? `avatar--${size}` : ""}`
  return (
    <span class={`avatar avatar--${tone(id)} ${shape}`} aria-hidden="true">
      {src ? <img src={src} alt="" loading="lazy" referrerpolicy="no-referrer" /> : initials(name)}
      {(presence === "online" || presence === "away") && (
        <span class={`avatar__here avatar__here--${presence}`} />
      )}
    </span>
  )
}
