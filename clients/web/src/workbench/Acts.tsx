// What a consultant does with a conversation: take it on, hand it over, settle it.

import type { ChatClient } from "@chatserver/client"
import { Icon, IconButton, type IconName } from "../shared/components/Icon.tsx"
import { RoomDialog } from "../shared/components/RoomDialog.tsx"
import { t } from "../shared/i18n/index.ts"
import { useChat, useLive } from "../shared/live.ts"
import { type MenuItem, openDialog, openMenu } from "../shared/overlays.ts"
import { AssignDialog } from "./AssignDialog.tsx"
import { type Act, acts } from "./acts.ts"
import { carryOut } from "./carryOut.ts"
import type { Entry } from "./entries.ts"
import { w } from "./texts/index.ts"

const ICONS: Record<Act, IconName> = {
  claim: "add",
  release: "leave",
  assign: "share",
  resolve: "check",
  reopen: "undo",
}

/** The first thing to do as a button, the others in a menu. */
export function Acts({ entry }: { entry: Entry }) {
  const chat = useChat()
  const me = useLive((each) => each.me)
  const isIn = useLive(() => chat.thread(entry.id)?.me.state === "in", [entry.id])
  if (entry.kind !== "service") return <About id={entry.id} />
  const [first, ...rest] = me ? acts(entry, me) : []
  if (!first) return null
  const items = rest.map(
    (act): MenuItem => ({
      label: w().act[act],
      icon: ICONS[act],
      choose: () => run(chat, entry, act),
    }),
  )
  if (isIn) items.push({ label: t().room.notify, icon: "bell", choose: () => showAbout(entry.id) })
  return (
    <div class="acts">
      <button type="button" class="button" onClick={() => run(chat, entry, first)}>
        <Icon name={ICONS[first]} size={18} />
        <span class="acts__text">{w().act[first]}</span>
      </button>
      {items.length > 0 && (
        <IconButton
          icon="more"
          label={w().act.more}
          onClick={({ currentTarget }) =>
            openMenu(currentTarget as Element, { label: w().act.more, items })
          }
        />
      )}
    </div>
  )
}

/** What there is to do with a conversation that nobody serves. */
function About({ id }: { id: string }) {
  return <IconButton icon="more" label={t().room.about} onClick={() => showAbout(id)} />
}

function showAbout(id: string): void {
  openDialog(() => <RoomDialog id={id} />)
}

function run(chat: ChatClient, entry: Entry, act: Act): void {
  if (act === "assign") openDialog(() => <AssignDialog entry={entry} />)
  else void carryOut(chat, entry.id, act)
}
