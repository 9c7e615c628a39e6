// A page of the demo's shop with the widget on it, as a shop would put it there.

import { render } from "preact"
import { language } from "../../shared/i18n/index.ts"
import { preparePage } from "../../shared/page.ts"
import { demoIdentity } from "../../shared/session.ts"
import { products } from "./products.ts"
import { Shop } from "./Shop.tsx"

const asked = new URLSearchParams(location.search)
const user = asked.get("as") ?? ""
const all = products()
const product = all.find(({ id }) => id === asked.get("product")) ?? all[0]

if (product) {
  const addressOf = ({ id }: { id: string }) => `?${new URLSearchParams({ as: user, product: id })}`
  const root = preparePage()
  document.title = product.title
  render(<Shop product={product} addressOf={addressOf} />, root)
  const { id, title, price } = product
  window.chatSettings = {
    token: demoIdentity(user).token,
    language: language.value,
    accent: "#8a4b6b",
    context: { product: { id, title, price, url: location.href } },
  }
  const script = document.createElement("script")
  script.src = "/widget.js"
  document.head.append(script)
}
