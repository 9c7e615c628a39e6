// Icons, drawn for this project on a grid of 24.

const SHAPES = {
  back: "M15 5l-7 7 7 7",
  forward: "M9 5l7 7-7 7",
  down: "M12 5v14M5 12l7 7 7-7",
  close: "M6 6l12 12M18 6L6 18",
  more: "M12 6a.7.7 0 1 0 0-1.4.7.7 0 0 0 0 1.4zM12 12.7a.7.7 0 1 0 0-1.4.7.7 0 0 0 0 1.4zM12 19.4a.7.7 0 1 0 0-1.4.7.7 0 0 0 0 1.4z",
  send: "M5 12l14-7-4.5 14-3-6z",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4 4",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.5v-5M9 19.5v-5",
  pin: "M9 4h6l-1 6 3 3H7l3-3zM12 13v7",
  muted: "M6 10a6 6 0 0 1 9-5M18 10c0 4 1 5 2 6H8M4 16c1-1 2-2 2-5M10 19a2 2 0 0 0 4 0M4 4l16 16",
  bell: "M6 16c1-1 2-2 2-6a4 4 0 0 1 8 0c0 4 1 5 2 6zM10 19a2 2 0 0 0 4 0",
  people:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20a6.5 6.5 0 0 1 13 0M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14a6 6 0 0 1 3.5 6",
  reply: "M10 7l-5 5 5 5M5 12h9a5 5 0 0 1 5 5v1",
  edit: "M5 19l1-4L16 5l3 3L9 18zM14 7l3 3",
  copy: "M9 9h10v10H9zM15 9V5H5v10h4",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  undo: "M9 14L4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  share: "M14 7l5 5-5 5M19 12h-9a5 5 0 0 0-5 5v1",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5h.01M15 9.5h.01",
  announce: "M4 10v4h3l8 4V6L7 10zM18.5 9.5a4 4 0 0 1 0 5",
  check: "M5 12.5l4.5 4.5L19 7.5",
  alert: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7.5v5.5M12 16.5h.01",
  add: "M12 5v14M5 12h14",
  columns: "M4 5h16v14H4zM10 5v14",
  leave: "M10 4H5v16h5M15 8l4 4-4 4M19 12h-9",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2",
  sort: "M4 7h10M4 12h7M4 17h4M17 6v12M14 15l3 3 3-3",
  note: "M5 4h14v10l-6 6H5zM19 14h-6v6M8.5 9h7M8.5 12.5h3",
  profile: "M12 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM5 20a7 7 0 0 1 14 0",
  attach:
    "M19 11.5l-7.3 7.3a4.6 4.6 0 0 1-6.5-6.5l7.8-7.8a3 3 0 0 1 4.3 4.3l-7.7 7.7a1.5 1.5 0 0 1-2.1-2.1l6.9-6.9",
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
  play: "M8 5.5v13l10.5-6.5z",
  pause: "M9 6v12M15 6v12",
  microphone:
    "M12 15a3 3 0 0 0 3-3V6a3 3 0 0 0-6 0v6a3 3 0 0 0 3 3zM6 11.5a6 6 0 0 0 12 0M12 17.5V21",
  canned: "M4 5h16v11h-8l-4 4v-4H4zM13.5 8l-3 5",
} as const

export type IconName = keyof typeof SHAPES

/** An icon for the eye alone: what it does is said beside it, or by the label of its button. */
export function Icon({ name, size = 22 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={SHAPES[name]} />
    </svg>
  )
}

/** A round button that is an icon; `label` is what it does. `isSkipped`: Tab passes over it. */
export function IconButton(props: {
  icon: IconName
  label: string
  onClick: (event: MouseEvent) => void
  disabled?: boolean
  isSkipped?: boolean
  class?: string
}) {
  const { icon, label, onClick, disabled = false, isSkipped = false } = props
  return (
    <button
      type="button"
      class={`icon-button ${props.class ?? ""}`}
      aria-label={label}
      title={label}
      disabled={disabled}
      tabIndex={isSkipped ? -1 : undefined}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  )
}
