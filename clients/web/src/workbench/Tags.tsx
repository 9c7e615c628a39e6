// The labels that staff gave a customer.

import { useSignal } from "@preact/signals"
import { attempt } from "../shared/attempt.ts"
import { Icon } from "../shared/components/Icon.tsx"
import { useChat } from "../shared/live.ts"
import { toast } from "../shared/overlays.ts"
import { w } from "./texts/index.ts"

const TAGS_MAX = 20
const TAG_LENGTH_MAX = 32

/** The tags of a customer, each with a way to take it off, and a field for another one. */
export function Tags({ user, tags: told }: { user: string; tags: readonly string[] }) {
  const chat = useChat()
  const tags = useSignal(told)
  const { customer } = w()
  const save = async (wanted: readonly string[]) => {
    const before = tags.value
    tags.value = wanted
    const answer = await attempt(chat.call("customer.tag", { user, tags: [...wanted] }))
    tags.value = answer?.tags ?? before
  }
  return (
    <section class="about__part">
      <h3>{customer.tags}</h3>
      <ul class="tags">
        {tags.value.map((tag) => (
          <li key={tag} class="tags__tag">
            <span class="ellipsis">{tag}</span>
            <button
              type="button"
              class="tags__remove"
              aria-label={customer.removeTag(tag)}
              onClick={() => save(tags.value.filter((each) => each !== tag))}
            >
              <Icon name="close" size={14} />
            </button>
          </li>
        ))}
        <li class="tags__new">
          <NewTag tags={tags.value} onAdd={(tag) => save([...tags.value, tag])} />
        </li>
      </ul>
    </section>
  )
}

function NewTag({ tags, onAdd }: { tags: readonly string[]; onAdd: (tag: string) => void }) {
  const text = useSignal("")
  const { customer } = w()
  const add = () => {
    const tag = text.value.trim()
    if (tag === "" || tags.includes(tag)) return
    if (tags.length >= TAGS_MAX) return toast(customer.tagsFull)
    text.value = ""
    onAdd(tag)
  }
  return (
    <input
      class="tags__field"
      aria-label={customer.addTag}
      placeholder={`+ ${customer.addTag}`}
      maxLength={TAG_LENGTH_MAX}
      value={text.value}
      onInput={({ currentTarget }) => {
        text.value = currentTarget.value
      }}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || event.isComposing) return
        event.preventDefault()
        add()
      }}
      onBlur={add}
    />
  )
}
