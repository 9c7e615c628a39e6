// The page of customers: the list, and the conversation that is open.

import { Announcer } from "../shared/components/Announcer.tsx"
import { Composer } from "../shared/components/Composer.tsx"
import { ConversationList } from "../shared/components/ConversationList.tsx"
import { IconButton } from "../shared/components/Icon.tsx"
import { Thread } from "../shared/components/Thread.tsx"
import { t } from "../shared/i18n/index.ts"
import { useLive } from "../shared/live.ts"
import { leave, shown } from "../shared/route.ts"
import "./customer.css"

/** On a phone one of the two at a time, else side by side. */
export function App() {
  const ids = useLive((chat) => chat.conversations)
  const id = shown.value
  return (
    <div class={`customer ${id ? "customer--open" : ""}`}>
      <section class="customer__list">
        <header class="customer__bar">
          <h1>{t().list.title}</h1>
        </header>
        <ConversationList ids={ids} current={id} />
      </section>
      {id && <Open key={id} id={id} />}
      <Announcer />
    </div>
  )
}

function Open({ id }: { id: string }) {
  const title = useLive((chat) => chat.thread(id)?.title ?? "", [id])
  return (
    <main class="customer__open">
      <header class="customer__bar">
        <IconButton class="customer__back" icon="back" label={t().common.back} onClick={leave} />
        <h2 class="ellipsis">{title}</h2>
      </header>
      <Thread id={id} />
      <Composer id={id} />
    </main>
  )
}
