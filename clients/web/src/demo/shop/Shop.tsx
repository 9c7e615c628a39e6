// A page of the demo's shop.

import { type Product, products, t } from "./products.ts"
import "./shop.css"

/** One product, with ways to the others; `addressOf` gives the page of a product. */
export function Shop(props: { product: Product; addressOf: (product: Product) => string }) {
  const { product, addressOf } = props
  const others = products().filter(({ id }) => id !== product.id)
  return (
    <div class="shop">
      <header class="shop__bar">
        <strong>{t().shop}</strong>
        <span class="muted">{t().notice}</span>
      </header>
      <main class="shop__product">
        <Picture product={product} />
        <div>
          <h1>{product.title}</h1>
          <p class="shop__price">{product.price}</p>
          <p>{product.about}</p>
          <button type="button" class="button button--main">
            {t().buy}
          </button>
        </div>
      </main>
      <nav class="shop__others" aria-label={t().others}>
        <h2>{t().others}</h2>
        <ul>
          {others.map((other) => (
            <li key={other.id}>
              <a href={addressOf(other)}>
                <Picture product={other} />
                <span>{other.title}</span>
                <span class="muted">{other.price}</span>
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </div>
  )
}

function Picture({ product }: { product: Product }) {
  return (
    <span class={`shop__picture shop__picture--${product.id}`} aria-hidden="true">
      {product.picture}
    </span>
  )
}
