// What can be done with a message.

import type { ChatClient, Shown } from "@chatserver/client"
import { type MessageAction, messageActions } from "../actions.ts"
import { attempt } from "../attempt.ts"
import { draftsOf } from "../drafts.ts"
import { t } from "../i18n/index.ts"
import { openDialog, openMenu, toast } from "../overlays.ts"
import { contentText } from "../preview.ts"
import { ReportDialog } from "../reports/ReportDialog.tsx"
import { focusComposer } from "./composing.ts"
import { ForwardDialog } from "./ForwardDialog.tsx"
import type { IconName } from "./Icon.tsx"
import { Confirm } from "./Overlays.tsx"
import { ReactBar } from "./Reactions.tsx"
import { ReadersDialog } from "./ReadersDialog.tsx"

const ICONS: Record<Exclude<MessageAction, "react">, IconName> = {
  retry: "undo",
  discard: "trash",
  reply: "reply",
  copy: "copy",
  edit: "edit",
  forward: "share",
  pin: "pin",
  unpin: "pin",
  readers: "eye",
  recall: "undo",
  report: "alert",
  delete: "trash",
}

/** Open the menu of a message. */
export function openMessageMenu(
  chat: ChatClient,
  id: string,
  shown: Shown,
  where: Element | { x: number; y: number },
): void {
  const thread = chat.thread(id)
  if (!thread) return
  const { me, limits } = chat
  const actions = messageActions({ shown, thread, me, limits, now: Date.now() })
  openMenu(where, {
    label: t().menu.label,
    head: actions.includes("react") && <ReactBar id={id} shown={shown} />,
    items: actions
      .filter((action) => action !== "react")
      .map((action) => ({
        label: t().menu[action],
        icon: ICONS[action],
        isDangerous: action === "delete" || action === "recall" || action === "discard",
        choose: () => carryOut(chat, id, shown, action),
      })),
  })
}

/** Begin to edit my last message that can be edited; whether there is one. */
export function editLast(chat: ChatClient, id: string): boolean {
  const thread = chat.thread(id)
  const { me, limits } = chat
  const last = thread?.messages.findLast((shown) => {
    return messageActions({ shown, thread, me, limits, now: Date.now() }).includes("edit")
  })
  if (last) beginEdit(chat, id, last)
  return last !== undefined
}

function carryOut(chat: ChatClient, id: string, shown: Shown, action: MessageAction): void {
  const seq = shown.seq ?? 0
  switch (action) {
    case "retry":
      return void chat.retry(shown.key)
    case "discard":
      return chat.discard(shown.key)
    case "reply":
      draftsOf(chat).change(id, { replyTo: seq, editing: null })
      return focusComposer()
    case "copy":
      return void copy(shown)
    case "edit":
      return beginEdit(chat, id, shown)
    case "pin":
    case "unpin":
      return void attempt(chat.call("message.pin", { conversation: id, seq, on: action === "pin" }))
    case "recall":
      return void attempt(chat.recall(id, seq))
    default:
      return ask(chat, id, seq, action)
  }
}

function ask(chat: ChatClient, id: string, seq: number, action: MessageAction): void {
  if (action === "forward") return openDialog(() => <ForwardDialog from={id} seq={seq} />)
  if (action === "report") return openDialog(() => <ReportDialog id={id} seq={seq} />)
  if (action === "readers") return openDialog(() => <ReadersDialog id={id} seq={seq} />)
  openDialog(() => (
    <Confirm
      title={t().menu.delete}
      text={t().menu.deleteSure}
      answer={t().menu.deleteYes}
      isDangerous
      onAnswer={() => void attempt(chat.delete(id, seq))}
    />
  ))
}

function beginEdit(chat: ChatClient, id: string, { seq, text }: Shown): void {
  draftsOf(chat).change(id, { editing: seq, text, replyTo: null })
  focusComposer()
}

async function copy({ message, text }: Shown): Promise<void> {
  try {
    await navigator.clipboard.writeText(message ? contentText(message) : text)
    toast(t().menu.copied)
  } catch {
    toast(t().refused.other)
  }
}
