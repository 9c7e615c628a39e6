// All keys of the workbench.

import { Dialog } from "../shared/components/Overlays.tsx"
import { sendKey } from "./settings.ts"
import { w } from "./texts/index.ts"

/** Each key with what it does. */
export function KeysDialog() {
  const { keys } = w()
  const [send, line] =
    sendKey.value === "enter" ? ["Enter", "Shift+Enter"] : ["Ctrl+Enter", "Enter"]
  const all: [keys: string, does: string][] = [
    ["Alt+J", keys.next],
    ["Alt+K", keys.previous],
    ["Ctrl+K", keys.search],
    ["/", keys.canned],
    ["Alt+N", keys.note],
    ["↑", keys.edit],
    [send, keys.send],
    [line, keys.line],
    ["↑ ↓ Home End", keys.move],
    ["Esc", keys.escape],
    ["Ctrl+/", keys.help],
  ]
  return (
    <Dialog title={keys.title}>
      <dl class="hotkeys">
        {all.map(([pressed, does]) => (
          <div key={does}>
            <dt>
              <kbd>{pressed}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
