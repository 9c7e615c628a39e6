// Where a consultant writes: to the customer, or a note for colleagues. The two look plainly different.

import type { Thread } from "@chatserver/client"
import { useEffect, useMemo } from "preact/hooks"
import { Composer } from "../shared/components/Composer.tsx"
import { focusComposer } from "../shared/components/composing.ts"
import { Icon } from "../shared/components/Icon.tsx"
import type { SuggestionSource } from "../shared/components/Suggestions.tsx"
import { draftsOf } from "../shared/drafts.ts"
import { useChat, useLive } from "../shared/live.ts"
import { useBench } from "./bench.ts"
import { cannedSource } from "./cannedSource.tsx"
import { AddButton } from "./cards/AddButton.tsx"
import { carryOut } from "./carryOut.ts"
import type { Entry } from "./entries.ts"
import { notesThread } from "./notes.ts"
import { sendKey } from "./settings.ts"
import { w } from "./texts/index.ts"

/** The composer in one of its two modes; where I only look on, what to do instead. */
export function ReplyBox({ thread, entry }: { thread: Thread; entry: Entry | undefined }) {
  const chat = useChat()
  const { noting } = useBench()
  const notes = useLive(() => notesThread(chat, thread.id)?.id ?? null, [thread.id])
  const isService = thread.kind === "service"
  useFollowedDrafts(thread.id, notes)
  // as soon as it is wanted, also before the notes are there: what is typed now is not for the customer
  const isNote = isService && noting.value === thread.id
  return (
    <div class={`reply ${isNote ? "reply--note" : ""}`}>
      {isService && <Modes id={thread.id} isNote={isNote} hasNotes={notes !== null} />}
      {isNote ? (
        <Note notes={notes} />
      ) : (
        <Reply thread={thread} entry={entry} isService={isService} />
      )}
    </div>
  )
}

function Note({ notes }: { notes: string | null }) {
  if (notes === null) return <p class="looking muted">{w().reply.notesOpening}</p>
  return <Writing id={notes} mode="note" />
}

function Reply(props: { thread: Thread; entry: Entry | undefined; isService: boolean }) {
  const { thread, entry, isService } = props
  const isOut = isService && thread.me.state !== "in"
  if (isOut) return <LookingOn entry={entry} />
  return <Writing id={thread.id} mode={isService ? "reply" : "room"} />
}

function Writing({ id, mode }: { id: string; mode: "reply" | "room" | "note" }) {
  const chat = useChat()
  const { replies } = useBench()
  const sources = useMemo(
    (): SuggestionSource[] => (mode === "note" ? [] : [cannedSource(chat, replies, id)]),
    [chat, replies, id, mode],
  )
  const { reply } = w()
  const texts = {
    reply: { placeholder: reply.replyPlaceholder, label: reply.reply },
    room: { placeholder: reply.roomPlaceholder, label: reply.reply },
    note: { placeholder: reply.notePlaceholder, label: reply.noteLabel },
  }[mode]
  return (
    <Composer
      key={id}
      id={id}
      sources={sources}
      placeholder={texts.placeholder}
      label={texts.label}
      sendKey={sendKey.value}
      before={mode === "note" ? null : <AddButton id={id} />}
      takesFocus={matchMedia("(pointer: fine)").matches}
    />
  )
}

/** Reply or note; the keyboard switches by Alt+N. */
function Modes({ id, isNote, hasNotes }: { id: string; isNote: boolean; hasNotes: boolean }) {
  const { noting } = useBench()
  const { reply } = w()
  const choose = (wanted: boolean) => {
    noting.value = wanted ? id : null
    focusComposer()
  }
  return (
    <div class="modes">
      <fieldset class="modes__all">
        <legend class="hidden-text">{reply.mode}</legend>
        <button
          type="button"
          class="modes__mode"
          aria-pressed={!isNote}
          onClick={() => choose(false)}
        >
          {reply.reply}
        </button>
        <button
          type="button"
          class="modes__mode modes__mode--note"
          aria-pressed={isNote}
          disabled={!hasNotes}
          onClick={() => choose(true)}
        >
          <Icon name="note" size={16} />
          {reply.note}
        </button>
      </fieldset>
      {isNote && <p class="modes__hint">{reply.noteHint}</p>}
    </div>
  )
}

/** In place of the composer: why nothing can be written, and what to do. */
function LookingOn({ entry }: { entry: Entry | undefined }) {
  const chat = useChat()
  const { state, act } = w()
  if (!entry) return <p class="looking muted">{state.gone}</p>
  const mayClaim = entry.assignee === null
  const claim = () => void carryOut(chat, entry.id, "claim")
  return (
    <div class="looking">
      <p class="muted">{mayClaim ? state.looking : state.lookingOther(entry.assigneeName)}</p>
      {mayClaim && (
        <button type="button" class="button button--main" onClick={claim}>
          {act.claim}
        </button>
      )}
    </div>
  )
}

/** A conversation opens for a reply, unless there is a note begun and no reply. */
function beginsAsNote(drafts: ReturnType<typeof draftsOf>, id: string, notes: string | null) {
  const isBegun = (which: string) => drafts.of(which).value.text.trim() !== ""
  return notes !== null && isBegun(notes) && !isBegun(id)
}

/** Whoever answers or edits a note is to write a note, and the other way round. */
function useFollowedDrafts(id: string, notes: string | null): void {
  const chat = useChat()
  const { noting } = useBench()
  const drafts = draftsOf(chat)
  const about = (which: string) => {
    const { replyTo, editing } = drafts.of(which).value
    return replyTo ?? editing
  }
  const [replied, noted] = [about(id), notes && about(notes)]
  useEffect(() => {
    if (beginsAsNote(drafts, id, notes)) noting.value = id
  }, [id, notes === null])
  useEffect(() => {
    if (replied !== null) noting.value = null
  }, [replied])
  useEffect(() => {
    if (noted !== null) noting.value = id
  }, [noted])
  useEffect(
    () => () => {
      if (noting.value === id) noting.value = null // it opens for a reply the next time
    },
    [id],
  )
}
