// What a moderator decides about a report. All but letting a message stay is asked for twice.

import { type ChatClient, ChatError, type Report } from "@chatserver/client"
import { type Signal, useSignal } from "@preact/signals"
import { refusalText } from "../../shared/attempt.ts"
import { Confirm } from "../../shared/components/Overlays.tsx"
import { Choices } from "../../shared/components/People.tsx"
import { useChat, useLive } from "../../shared/live.ts"
import { openDialog, toast } from "../../shared/overlays.ts"
import { nameIn } from "./naming.ts"
import { p } from "./texts.ts"
import { type Held, take } from "./useReport.ts"
import { LENGTHS, lasts, lengthText, offered, type Verdict } from "./verdicts.ts"

const NOTE_MAX = 500
const USUAL_MS = 86_400_000 // a day, where nothing else is chosen

/** What was chosen; `length` in milliseconds, null for good. */
interface Decision {
  verdict: Verdict
  length: number | null
  note: string
}

/** Choices, a note, and the button; `look` fetches the report again. */
export function Settling(props: { report: Report; held: Held; look: () => Promise<void> }) {
  const { report, held, look } = props
  const chat = useChat()
  const verdict = useSignal<Verdict | "">("")
  const length = useSignal<number | null>(USUAL_MS)
  const note = useSignal("")
  const isBusy = useSignal(false)
  const thread = useLive(() => chat.thread(report.conversation), [report.conversation])
  const choices = offered(report, thread)
  const carryOut = async (decision: Decision) => {
    isBusy.value = true
    await settle(chat, report, decision, held, look)
    isBusy.value = false
  }
  const decide = (event: Event) => {
    event.preventDefault()
    if (verdict.value === "" || isBusy.value) return
    const decision = { verdict: verdict.value, length: length.value, note: note.value.trim() }
    const name = nameIn(report, report.sender, chat)
    if (decision.verdict === "dismiss") void carryOut(decision)
    else openDialog(() => <Sure {...{ decision, name }} onAnswer={() => void carryOut(decision)} />)
  }
  return (
    <form class="settling" onSubmit={decide}>
      <Choices
        title={p().settle.title}
        name="verdict"
        value={verdict.value}
        choices={choices.map((each) => [each, p().verdicts[each]] as const)}
        onChoose={(chosen) => {
          verdict.value = chosen
        }}
      />
      {choices.length < 3 && isOfRoom(report) && <p class="muted">{p().settle.outside}</p>}
      {verdict.value !== "" && lasts(verdict.value) && <Length length={length} />}
      <NoteField note={note} />
      <button
        type="submit"
        class="button button--main"
        disabled={verdict.value === "" || isBusy.value}
      >
        {p().settle.settle}
      </button>
    </form>
  )
}

function Length({ length }: { length: Signal<number | null> }) {
  return (
    <label class="settling__length">
      {p().settle.until}
      <select
        class="field"
        value={String(length.value)}
        onChange={({ currentTarget }) => {
          length.value = LENGTHS[currentTarget.selectedIndex] ?? null
        }}
      >
        {LENGTHS.map((each) => (
          <option key={each} value={String(each)}>
            {lengthText(each)}
          </option>
        ))}
      </select>
    </label>
  )
}

function NoteField({ note }: { note: Signal<string> }) {
  return (
    <textarea
      class="field"
      rows={3}
      maxLength={NOTE_MAX}
      aria-label={p().settle.note}
      placeholder={p().settle.note}
      value={note.value}
      onInput={({ currentTarget }) => {
        note.value = currentTarget.value
      }}
    />
  )
}

/** The second step: what it means, and for whom. */
function Sure(props: { decision: Decision; name: string; onAnswer: () => void }) {
  const { decision, name, onAnswer } = props
  const { verdict, length } = decision
  if (verdict === "dismiss") return null
  return (
    <Confirm
      title={p().verdicts[verdict]}
      text={p().sure[verdict](name, lengthText(length))}
      answer={p().verdicts[verdict]}
      isDangerous
      onAnswer={onAnswer}
    />
  )
}

async function settle(
  chat: ChatClient,
  report: Report,
  { verdict, length, note }: Decision,
  held: Held,
  look: () => Promise<void>,
): Promise<void> {
  const { conversation, seq, revision } = report
  const until = lasts(verdict) && length !== null ? Date.now() + length : null
  const fields = { conversation, seq, revision, verdict, until, note }
  try {
    take(chat, held, (await chat.call("report.resolve", fields)).report)
    toast(p().settled)
  } catch (error) {
    if (!(error instanceof ChatError)) throw error
    if (error.code !== "conflict") return toast(refused(error.code, verdict))
    await look()
    const { value } = held // who was faster is named by `take`
    if (value !== null && value !== "gone" && value.state === "open") toast(p().changed)
  }
}

function refused(code: string, verdict: Verdict): string {
  if (code === "not_found" && verdict !== "recall") return p().senderGone
  return code === "forbidden" ? p().forbidden : refusalText(code)
}

function isOfRoom({ place }: Report): boolean {
  return place?.kind === "group" || place?.kind === "channel"
}
