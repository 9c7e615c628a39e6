// Writing a card, and sending it.

import { newClientId } from "@chatserver/client"
import { type Signal, useSignal } from "@preact/signals"
import { useEffect, useId, useRef } from "preact/hooks"
import { Dialog } from "../../shared/components/Overlays.tsx"
import { t } from "../../shared/i18n/index.ts"
import { useChat } from "../../shared/live.ts"
import { closeDialog } from "../../shared/overlays.ts"
import {
  CURRENCIES,
  cardFrom,
  type FieldName,
  type Fields,
  FORMS,
  type FormName,
  LONGEST,
  NEEDED,
} from "./forms.ts"
import { f } from "./texts.ts"

/** The form of one kind of card. */
export function CardDialog({ id, form }: { id: string; form: FormName }) {
  const chat = useChat()
  const fields = useSignal<Fields>({
    title: form === "rating" ? f().rate : "",
    button: f().wish,
    currency: CURRENCIES[0],
  })
  const wrong = useSignal<readonly FieldName[]>([])
  const box = useRef<HTMLFormElement>(null)
  useEffect(() => box.current?.querySelector("input")?.focus(), [])
  const send = (event: Event) => {
    event.preventDefault()
    const labels = { confirm: f().confirm, another: f().another }
    const result = cardFrom(form, fields.value, newClientId(), labels)
    if ("wrong" in result) {
      wrong.value = result.wrong
      const [first] = result.wrong
      return box.current?.querySelector<HTMLElement>(`[name=${first}]`)?.focus()
    }
    chat.sendCard(id, result.card)
    closeDialog()
  }
  const names: readonly FieldName[] = FORMS[form]
  const hasPictures = (chat.limits.picture_hosts ?? 0) > 0 // else no page shows one
  return (
    <Dialog title={f().forms[form]}>
      <form ref={box} class="editor" noValidate onSubmit={send}>
        {names
          .filter((name) => name !== "picture" || hasPictures)
          .map((name) => (
            <CardField key={name} {...{ name, fields, wrong }} />
          ))}
        <div class="editor__foot">
          <button type="button" class="button" onClick={closeDialog}>
            {t().common.cancel}
          </button>
          <button type="submit" class="button button--main">
            {f().send}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

interface CardFieldProps {
  name: FieldName
  fields: Signal<Fields>
  /** The fields that are wrong, until they are changed. */
  wrong: Signal<readonly FieldName[]>
}

function CardField({ name, fields, wrong }: CardFieldProps) {
  const id = useId()
  const whyId = `${id}-why`
  const isWrong = wrong.value.includes(name)
  const change = (value: string) => {
    fields.value = { ...fields.value, [name]: value }
    wrong.value = wrong.value.filter((each) => each !== name)
  }
  return (
    <div class="editor__field">
      <label for={id}>
        {f().fields[name]}
        {NEEDED.has(name) && <span class="muted"> ({f().needed})</span>}
      </label>
      <CardInput
        id={id}
        name={name}
        value={fields.value[name] ?? ""}
        whyId={isWrong ? whyId : undefined}
        onChange={change}
      />
      {isWrong && (
        <p id={whyId} class="editor__wrong" role="alert">
          {whyWrong(name)}
        </p>
      )}
    </div>
  )
}

/** `whyId` says what is wrong with it. */
function CardInput(props: {
  id: string
  name: FieldName
  value: string
  whyId: string | undefined
  onChange: (value: string) => void
}) {
  const { id, name, value, whyId, onChange } = props
  const change = ({ currentTarget }: { currentTarget: { value: string } }) =>
    onChange(currentTarget.value)
  const common = {
    ...{ id, name, class: "field", value },
    ...{ "aria-invalid": whyId !== undefined, "aria-describedby": whyId },
  }
  if (name === "currency") {
    return (
      <select {...common} onChange={change}>
        {CURRENCIES.map((currency) => (
          <option key={currency}>{currency}</option>
        ))}
      </select>
    )
  }
  if (TIMES.has(name)) return <input type="datetime-local" {...common} onInput={change} />
  return (
    <input
      type="text"
      inputMode={MODES[name]}
      maxLength={LONGEST[name]}
      autocomplete="off"
      {...common}
      onInput={change}
    />
  )
}

const TIMES: ReadonlySet<FieldName> = new Set(["when", "until"])

/** The keyboard that a phone shows. */
const MODES: Partial<Record<FieldName, "decimal" | "url">> = {
  ...{ price: "decimal", value: "decimal", least: "decimal" },
  ...{ url: "url", picture: "url" },
}

function whyWrong(name: FieldName): string {
  const words: Partial<Record<FieldName | "other", string>> = f().wrong
  return words[name] ?? f().wrong.other
}
