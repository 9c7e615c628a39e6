// A voice message, spoken here: a button, how long it is, and whether to send it.

import { signal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { IconButton } from "../components/Icon.tsx"
import { useChat } from "../live.ts"
import { toast } from "../overlays.ts"
import { Recording } from "./recording.ts"
import { duration } from "./sizes.ts"
import { m } from "./texts.ts"

const current = signal<{ id: string; recording: Recording } | null>(null)

/** Begins to record; nothing where the browser cannot do that. */
export function RecordButton({ id }: { id: string }) {
  if (!Recording.isPossible()) return null
  const begin = async () => {
    try {
      current.value = { id, recording: await Recording.begin() }
    } catch {
      toast(m().noMicrophone)
    }
  }
  return <IconButton icon="microphone" label={m().record} onClick={() => void begin()} />
}

/** Whether something is being recorded for this conversation. */
export function isRecording(id: string): boolean {
  return current.value?.id === id
}

/** In place of the text as long as something is recorded; who leaves gives it up. */
export function RecordingRow({ id }: { id: string }) {
  const chat = useChat()
  const { recording } = current.value ?? {}
  useEffect(() => () => end(), [])
  if (!recording) return null
  const send = async () => {
    const { content, durationMs, waveform } = await recording.finish()
    end()
    chat.sendMedia(id, content, { kind: "voice", durationMs, waveform })
  }
  return (
    <div class="composer__row recording">
      <IconButton icon="trash" label={m().remove} onClick={end} />
      <span class="recording__state" role="status">
        <span class="recording__dot" />
        {m().recording}
      </span>
      <span class="recording__time">{duration(recording.elapsedMs.value)}</span>
      <IconButton
        icon="send"
        class="composer__send"
        label={m().sendRecording}
        onClick={() => void send()}
      />
    </div>
  )
}

function end(): void {
  current.value?.recording.end()
  current.value = null
}
