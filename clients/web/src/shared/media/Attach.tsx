// The way for pictures, videos and files into a conversation: chosen, pasted or dropped, looked at,
// sent.

import { type ChatClient, mediaKind } from "@chatserver/client"
import { signal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { Icon, IconButton } from "../components/Icon.tsx"
import { Dialog } from "../components/Overlays.tsx"
import { draftsOf } from "../drafts.ts"
import { locale } from "../i18n/index.ts"
import { useChat } from "../live.ts"
import { closeDialog, dialog, openDialog } from "../overlays.ts"
import { addressOf } from "./local.ts"
import { LocalPicture } from "./Medium.tsx"
import { fileSize } from "./sizes.ts"
import { m } from "./texts.ts"
import "./media.css"

/** What is about to be sent, and where to. */
const staged = signal<readonly File[]>([])
const isOver = signal(false) // something is dragged over the page

/** The button that asks for files, for the conversation that is written in; what is pasted into the
 * page or dropped on it goes there too. */
export function AttachButton({ id }: { id: string }) {
  const chat = useChat()
  const input = useRef<HTMLInputElement>(null)
  useGiven((files) => stage(chat, id, files))
  return (
    <>
      <IconButton icon="attach" label={m().attach} onClick={() => input.current?.click()} />
      <input
        ref={input}
        class="attach__input"
        type="file"
        multiple
        hidden
        aria-label={m().attach}
        onChange={({ currentTarget }) => {
          stage(chat, id, [...(currentTarget.files ?? [])])
          currentTarget.value = "" // the same may be chosen again
        }}
      />
      {isOver.value && <p class="attach__drop">{m().drop}</p>}
    </>
  )
}

function stage(chat: ChatClient, id: string, files: readonly File[]): void {
  if (files.length === 0) return
  staged.value = dialog.value === null ? files : [...staged.value, ...files]
  openDialog(() => <Staged chat={chat} id={id} />)
}

/** A look at what was chosen, with a caption, before it goes out. */
function Staged({ chat, id }: { chat: ChatClient; id: string }) {
  const files = staged.value
  const caption = useRef<HTMLInputElement>(null)
  const send = () => {
    closeDialog()
    sendAll(chat, id, files, caption.current?.value.trim() ?? "")
  }
  return (
    <Dialog title={m().sending(files.length)}>
      <form
        class="staged"
        onSubmit={(event) => {
          event.preventDefault()
          send()
        }}
      >
        <ul class="staged__files">
          {files.map((file) => (
            <li key={addressOf(file)} class="staged__file">
              <Look file={file} />
              <IconButton icon="close" label={m().remove} onClick={() => drop(file)} />
            </li>
          ))}
        </ul>
        <div class="staged__foot">
          <input
            ref={caption}
            class="field"
            aria-label={m().caption}
            placeholder={m().caption}
            autoFocus
          />
          <button type="submit" class="button button--main">
            {m().send}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

function Look({ file }: { file: File }) {
  const kind = mediaKind(file.type)
  return (
    <span class="staged__look">
      <span class="staged__picture">
        {kind === "image" ? <LocalPicture content={file} /> : <Icon name="file" size={28} />}
      </span>
      <span class="file__text">
        <span class="file__name">{file.name}</span>
        <span class="file__size">{fileSize(file.size, locale())}</span>
      </span>
    </span>
  )
}

function drop(file: File): void {
  staged.value = staged.value.filter((one) => one !== file)
  if (staged.value.length === 0) closeDialog()
}

/** All of them in their order; the caption and what is answered go with the first. */
function sendAll(chat: ChatClient, id: string, files: readonly File[], caption: string): void {
  const { replyTo } = draftsOf(chat).of(id).value
  for (const [at, file] of files.entries()) {
    const isFirst = at === 0
    chat.sendMedia(id, file, {
      name: file.name,
      ...(isFirst && caption !== "" ? { text: caption } : {}),
      ...(isFirst && replyTo !== null ? { replyTo } : {}),
    })
  }
  if (replyTo !== null) draftsOf(chat).dropSubject(id)
}

/** Files that are pasted into the page, or dropped on it, as long as this is there. */
function useGiven(take: (files: File[]) => void): void {
  const latest = useRef(take)
  latest.current = take
  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => given(event, event.clipboardData)
    const onDrop = (event: DragEvent) => {
      isOver.value = false
      given(event, event.dataTransfer)
    }
    const given = (event: Event, data: DataTransfer | null) => {
      if (!data || data.files.length === 0) return
      event.preventDefault()
      latest.current([...data.files])
    }
    const onDragOver = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return
      event.preventDefault() // else the page would go to the file
      isOver.value = true
    }
    const onDragLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) isOver.value = false
    }
    const all = { paste: onPaste, drop: onDrop, dragover: onDragOver, dragleave: onDragLeave }
    for (const [name, hear] of Object.entries(all)) addEventListener(name, hear as EventListener)
    return () => {
      isOver.value = false
      for (const [name, hear] of Object.entries(all)) {
        removeEventListener(name, hear as EventListener)
      }
    }
  }, [])
}
