// The button, and the panel with the frame, on the shop's page: in a shadow tree, so that neither
// side's styles reach the other's.

import { accents } from "./accent.ts"

const WHOLE = "(max-width: 480px), (max-height: 480px)" // where the chat takes the whole screen
const STYLE = `
:host {
  all: initial !important;
  position: fixed !important;
  z-index: 2147483000 !important;
  inset: auto calc(20px + env(safe-area-inset-right, 0px)) calc(20px + env(safe-area-inset-bottom, 0px)) auto !important;
  --accent-fill: #0f6b66;
  --accent-fill-hover: #0b5854;
  font: 600 12px/1 system-ui, -apple-system, "Segoe UI", "PingFang SC", "Noto Sans SC", sans-serif !important;
}
:host([data-position="left"]) {
  inset: auto auto calc(20px + env(safe-area-inset-bottom, 0px)) calc(20px + env(safe-area-inset-left, 0px)) !important;
}
button {
  position: relative;
  display: grid;
  place-items: center;
  width: 56px;
  height: 56px;
  padding: 0;
  border: 0;
  border-radius: 50%;
  background: var(--accent-fill);
  color: #fff;
  cursor: pointer;
  font: inherit;
  box-shadow: 0 6px 20px rgb(30 20 15 / 28%);
  -webkit-tap-highlight-color: transparent;
}
button:hover { background: var(--accent-fill-hover); }
button:focus-visible { outline: 3px solid var(--accent-fill); outline-offset: 3px; }
svg { width: 26px; height: 26px; }
.badge {
  position: absolute;
  top: -3px;
  right: -3px;
  min-width: 22px;
  height: 22px;
  box-sizing: border-box;
  padding: 4px 6px;
  border: 2px solid #fff;
  border-radius: 11px;
  background: #c2412c;
  color: #fff;
  text-align: center;
}
.panel {
  position: absolute;
  right: 0;
  bottom: 72px;
  width: min(400px, calc(100vw - 40px));
  height: min(660px, calc(100vh - 112px));
  height: min(660px, calc(100dvh - 112px));
  overflow: hidden;
  border-radius: 18px;
  background: #faf7f4;
  box-shadow: 0 0 0 1px rgb(128 128 128 / 22%), 0 12px 48px rgb(30 20 15 / 30%);
}
:host([data-position="left"]) .panel { right: auto; left: 0; }
.panel[data-theme="dark"] { background: #191614; }
@media (prefers-color-scheme: dark) {
  .panel[data-theme="auto"] { background: #191614; }
}
iframe { display: block; width: 100%; height: 100%; border: 0; }
[hidden] { display: none; }
@media print {
  :host { display: none !important; }
}
@media ${WHOLE} {
  :host([data-position]) .panel { position: fixed; inset: 0; width: auto; height: auto; border-radius: 0; }
  .panel:not([hidden]) ~ button { display: none; }
}
@media (prefers-reduced-motion: no-preference) {
  .panel { animation: rise 160ms ease-out; }
  @keyframes rise { from { opacity: 0; transform: translateY(12px); } }
}
`
const BUBBLE = "M4 5.5h16v11H9.5L5 20v-3.5H4z"
const CHEVRON = "M5 9l7 7 7-7"

/** What the button says. */
export interface Labels {
  open: string
  close: string
  unread: (count: number) => string
}

/** How the shell is to look. */
export interface ShellLook {
  position: "left" | "right"
  theme: "auto" | "light" | "dark"
  accent: string
  labels: Labels
}

/** What stands on the shop's page. */
export class Shell {
  private readonly host = document.createElement("chat-widget")
  private readonly panel = document.createElement("div")
  private readonly button = document.createElement("button")
  private readonly badge = document.createElement("span")
  private readonly icon = svg(BUBBLE)
  private readonly labels: Labels
  private unread = 0

  /** `pressed` hears of the button, and of Escape on it while the panel is open. */
  constructor({ position, theme, accent, labels }: ShellLook, pressed: () => void) {
    this.labels = labels
    this.host.dataset.position = position
    const root = this.host.attachShadow({ mode: "open" })
    const sheet = new CSSStyleSheet() // a style element would need the shop's policy to allow it
    sheet.replaceSync(STYLE)
    root.adoptedStyleSheets = [sheet]
    for (const [name, value] of Object.entries(accents(accent)?.light ?? {}))
      this.host.style.setProperty(name, value)
    this.panel.className = "panel"
    this.panel.dataset.theme = theme
    this.panel.hidden = true
    this.badge.className = "badge"
    this.badge.setAttribute("aria-hidden", "true")
    this.button.type = "button"
    this.button.append(this.icon, this.badge)
    this.button.addEventListener("click", pressed)
    this.button.addEventListener("keydown", ({ key }) => {
      if (key === "Escape" && this.isOpen) pressed()
    })
    root.append(this.panel, this.button)
    this.draw()
    document.documentElement.append(this.host) // not the body: frameworks draw that anew
  }

  /** Whether the panel is open. */
  get isOpen(): boolean {
    return !this.panel.hidden
  }

  /** Whether the panel covers the page, as on a phone. */
  get isWhole(): boolean {
    return matchMedia(WHOLE).matches
  }

  /** Put the frame into the panel. */
  hold(frame: HTMLIFrameElement): void {
    this.panel.replaceChildren(frame)
  }

  /** Open or close the panel; a focus within goes back to the button. */
  turn(isOpen: boolean): void {
    const hadFocus = this.host.shadowRoot?.activeElement?.parentElement === this.panel
    this.panel.hidden = !isOpen
    this.draw()
    if (!isOpen && hadFocus) this.button.focus()
  }

  /** Show how many messages are unread. */
  count(unread: number): void {
    this.unread = unread
    this.draw()
  }

  /** Take it off the page. */
  close(): void {
    this.host.remove()
  }

  private draw(): void {
    const { labels, unread, isOpen } = this
    const label = isOpen ? labels.close : labels.open
    this.button.setAttribute(
      "aria-label",
      unread > 0 ? `${label}, ${labels.unread(unread)}` : label,
    )
    this.button.setAttribute("aria-expanded", String(isOpen))
    this.icon.firstElementChild?.setAttribute("d", isOpen ? CHEVRON : BUBBLE)
    this.badge.textContent = unread > 99 ? "99+" : String(unread)
    this.badge.hidden = unread === 0 || isOpen
  }
}

function svg(path: string): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg"
  const icon = document.createElementNS(space, "svg")
  const shape = document.createElementNS(space, "path")
  const looks = {
    viewBox: "0 0 24 24",
    fill: "none",
    stroke: "currentColor",
    "stroke-width": "1.9",
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
  }
  for (const [name, value] of Object.entries(looks)) icon.setAttribute(name, value)
  shape.setAttribute("d", path)
  icon.append(shape)
  return icon
}
