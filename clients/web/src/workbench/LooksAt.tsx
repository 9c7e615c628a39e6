// What a customer looks at right now, as their own page told it: nothing of it is trusted.

import type { Context } from "@chatserver/client"
import { useSignal } from "@preact/signals"
import { httpAddress } from "../shared/http.ts"
import { locale } from "../shared/i18n/index.ts"
import { now } from "./bench.ts"
import { w } from "./texts/index.ts"
import { duration } from "./waiting.ts"

/** The page, and the product on it. A picture is fetched only when asked for: whoever has the
 * customer's page could learn from it when a consultant looks. */
export function LooksAt({ context }: { context: Context | null }) {
  const { customer } = w()
  return (
    <section class="about__part">
      <h3>{customer.looksAt}</h3>
      {context ? <Looked context={context} /> : <p class="muted">{customer.looksAtNothing}</p>}
    </section>
  )
}

function Looked({ context: { page, product, at } }: { context: Context }) {
  const title = product?.title || page.title || page.url
  return (
    <div class="looks">
      <p class="looks__title">
        <Page address={product?.url ?? page.url} title={title} />
      </p>
      {product?.price && <p class="looks__price">{product.price}</p>}
      {page.title && page.title !== title && <p class="looks__page muted">{page.title}</p>}
      {product?.image && <Picture key={product.image} address={product.image} />}
      <p class="muted">{w().customer.ago(duration(now.value - at, locale()))}</p>
    </div>
  )
}

function Page({ address, title }: { address: string; title: string }) {
  const safe = httpAddress(address)
  if (!safe) return <>{title}</>
  return (
    <a href={safe} target="_blank" rel="noopener noreferrer nofollow">
      {title}
    </a>
  )
}

function Picture({ address }: { address: string }) {
  const isWanted = useSignal(false)
  const safe = httpAddress(address)
  if (!safe) return null
  if (isWanted.value) {
    return <img class="looks__picture" src={safe} alt="" referrerpolicy="no-referrer" />
  }
  return (
    <button
      type="button"
      class="looks__show"
      onClick={() => {
        isWanted.value = true
      }}
    >
      {w().customer.showPicture}
    </button>
  )
}
