// My canned replies: looking through them, writing, changing and deleting them.

import { ChatRefused, type Snippet } from "@chatserver/client"
import { useSignal } from "@preact/signals"
import { useEffect, useId, useRef } from "preact/hooks"
import { attempt } from "../shared/attempt.ts"
import { Icon, IconButton } from "../shared/components/Icon.tsx"
import { Dialog } from "../shared/components/Overlays.tsx"
import { t } from "../shared/i18n/index.ts"
import { useBench } from "./bench.ts"
import type { ReplyFields } from "./replies.ts"
import { w } from "./texts/index.ts"

const NEW: ReplyFields = { id: null, shortcut: "", title: "", text: "" }

/** The list, or the one that is written. */
export function CannedDialog() {
  const edited = useSignal<ReplyFields | null>(null)
  const { canned } = w()
  const { value } = edited
  const title = value ? (value.id ? canned.edit : canned.add) : canned.title
  const edit = (reply: ReplyFields | null) => {
    edited.value = reply
  }
  return (
    <Dialog title={title}>
      {value ? <Editor reply={value} onDone={() => edit(null)} /> : <CannedList onEdit={edit} />}
    </Dialog>
  )
}

function CannedList({ onEdit }: { onEdit: (reply: ReplyFields) => void }) {
  const { replies } = useBench()
  const { canned } = w()
  useEffect(() => void attempt(replies.load()), [replies])
  const all = replies.all.value
  const add = useRef<HTMLButtonElement>(null)
  useEffect(() => add.current?.focus(), []) // whoever comes back from writing one
  return (
    <>
      {all.length === 0 && <p class="muted">{canned.empty}</p>}
      <ul class="canned">
        {all.map((snippet) => (
          <CannedItem key={snippet.id} snippet={snippet} onEdit={onEdit} />
        ))}
      </ul>
      <button ref={add} type="button" class="button button--main" onClick={() => onEdit(NEW)}>
        <Icon name="add" size={18} />
        {canned.add}
      </button>
    </>
  )
}

/** Deleting asks once more in its place: a dialog over a dialog would be one too many. */
function CannedItem(props: { snippet: Snippet; onEdit: (reply: ReplyFields) => void }) {
  const { snippet, onEdit } = props
  const { replies } = useBench()
  const isAsked = useSignal(false)
  const { canned } = w()
  const ask = (isOpen: boolean) => {
    isAsked.value = isOpen
  }
  return (
    <li class="canned__one">
      <div class="canned__text">
        <p>
          <span class="canned-line__shortcut">/{snippet.shortcut}</span> {snippet.title}
        </p>
        <p class="canned__preview muted">{snippet.text}</p>
      </div>
      {isAsked.value ? (
        <span class="canned__sure">
          <button
            type="button"
            class="button button--danger"
            onClick={() => void attempt(replies.remove(snippet.id))}
          >
            {canned.removeSure(snippet.shortcut)}
          </button>
          <button type="button" class="button" onClick={() => ask(false)}>
            {t().common.cancel}
          </button>
        </span>
      ) : (
        <span class="canned__acts">
          <IconButton
            icon="edit"
            label={`${canned.edit}: /${snippet.shortcut}`}
            onClick={() => onEdit(snippet)}
          />
          <IconButton
            icon="trash"
            label={`${canned.remove}: /${snippet.shortcut}`}
            onClick={() => ask(true)}
          />
        </span>
      )}
    </li>
  )
}

function Editor({ reply, onDone }: { reply: ReplyFields; onDone: () => void }) {
  const { replies } = useBench()
  const fields = useSignal(reply)
  const wrong = useSignal("")
  const { canned } = w()
  const change = (changed: Partial<ReplyFields>) => {
    fields.value = { ...fields.value, ...changed }
    wrong.value = ""
  }
  const save = async (event: Event) => {
    event.preventDefault()
    const asked = tidied(fields.value)
    if (!isRight(asked)) wrong.value = canned.wrong
    else wrong.value = await replies.save(asked).then(() => "", sayWhyNot)
    if (wrong.value === "") onDone()
  }
  const { shortcut, title, text } = fields.value
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => form.current?.querySelector("input")?.focus(), [])
  return (
    <form ref={form} class="editor" onSubmit={save}>
      <Field label={canned.shortcut} hint={canned.shortcutHint}>
        {(id) => (
          <input
            id={id}
            class="field"
            maxLength={32}
            autocomplete="off"
            value={shortcut}
            onInput={({ currentTarget }) => change({ shortcut: currentTarget.value })}
          />
        )}
      </Field>
      <Field label={canned.name}>
        {(id) => (
          <input
            id={id}
            class="field"
            maxLength={100}
            autocomplete="off"
            value={title}
            onInput={({ currentTarget }) => change({ title: currentTarget.value })}
          />
        )}
      </Field>
      <Field label={canned.text} hint={canned.variables}>
        {(id) => (
          <textarea
            id={id}
            class="field editor__text"
            maxLength={2000}
            rows={5}
            value={text}
            onInput={({ currentTarget }) => change({ text: currentTarget.value })}
          />
        )}
      </Field>
      {wrong.value && (
        <p class="editor__wrong" role="alert">
          {wrong.value}
        </p>
      )}
      <div class="editor__foot">
        <button type="button" class="button" onClick={onDone}>
          {t().common.cancel}
        </button>
        <button type="submit" class="button button--main">
          {t().common.save}
        </button>
      </div>
    </form>
  )
}

function Field(props: {
  label: string
  hint?: string
  children: (id: string) => preact.ComponentChildren
}) {
  const id = useId()
  return (
    <div class="editor__field">
      <label for={id}>{props.label}</label>
      {props.children(id)}
      {props.hint && <p class="muted">{props.hint}</p>}
    </div>
  )
}

/** A shortcut that was typed with its sign is meant without. */
function tidied({ shortcut, title, ...rest }: ReplyFields): ReplyFields {
  return { ...rest, shortcut: shortcut.trim().replace(/^[/／]+/, ""), title: title.trim() }
}

function isRight({ shortcut, text }: ReplyFields): boolean {
  return /^\S{1,32}$/.test(shortcut) && text.trim() !== ""
}

function sayWhyNot(error: unknown): string {
  const isTaken = error instanceof ChatRefused && error.code === "conflict"
  return isTaken ? w().canned.taken : w().canned.wrong
}
