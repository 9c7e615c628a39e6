// Reporting a message to those who look after the conversation.

import type { Complaint } from "@chatserver/client"
import { useSignal } from "@preact/signals"
import { attempt } from "../attempt.ts"
import { Dialog } from "../components/Overlays.tsx"
import { Choices } from "../components/People.tsx"
import { t } from "../i18n/index.ts"
import { useChat } from "../live.ts"
import { closeDialog, toast } from "../overlays.ts"
import { r } from "./texts.ts"

type Reason = Complaint["reason"]

const REASONS: readonly Reason[] = ["spam", "abuse", "fraud", "sexual", "illegal", "other"]
const NOTE_MAX = 500

/** Reasons to choose from, and a note. */
export function ReportDialog({ id, seq }: { id: string; seq: number }) {
  const chat = useChat()
  const reason = useSignal<Reason | "">("")
  const note = useSignal("")
  const send = async (event: Event) => {
    event.preventDefault()
    if (reason.value === "") return
    const fields = { conversation: id, seq, reason: reason.value, note: note.value.trim() }
    closeDialog()
    if (await attempt(chat.call("report.create", fields))) toast(r().thanks)
  }
  return (
    <Dialog title={r().title}>
      <form onSubmit={(event) => void send(event)}>
        <Choices
          title={r().why}
          name="reason"
          value={reason.value}
          choices={REASONS.map((each) => [each, r().reasons[each]] as const)}
          onChoose={(chosen) => {
            reason.value = chosen
          }}
        />
        <textarea
          class="field"
          rows={3}
          maxLength={NOTE_MAX}
          aria-label={r().note}
          placeholder={r().note}
          value={note.value}
          onInput={({ currentTarget }) => {
            note.value = currentTarget.value
          }}
        />
        <p class="muted">{r().hint}</p>
        <div class="dialog__foot">
          <button type="button" class="button" onClick={closeDialog}>
            {t().common.cancel}
          </button>
          <button type="submit" class="button button--main" disabled={reason.value === ""}>
            {r().send}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
