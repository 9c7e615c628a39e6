// What the shop of the demo sells.

import { texts } from "../../shared/i18n/index.ts"

/** Something to buy; the picture is a sign on a coloured ground. */
export interface Product {
  id: string
  picture: string
  title: string
  price: string
  about: string
}

/** The texts of the page. */
export const t = texts(
  {
    shop: "Nuanya Mother & Baby",
    notice: "This page stands for a shop's own site. The chat in the corner is the widget.",
    buy: "Into the basket",
    others: "Others looked at",
    products: {
      cream: {
        title: "Baby cream, 200 g",
        price: "¥79",
        about: "For dry skin and eczema, without scent. From birth on.",
      },
      bottle: {
        title: "Glass bottle, 160 ml",
        price: "¥128",
        about: "Wide neck, slow teat. Boils, freezes, lasts.",
      },
      nappies: {
        title: "Nappies, size M, 64 pieces",
        price: "¥99",
        about: "For 6 to 11 kg. Thin, and dry through the night.",
      },
    },
  },
  {
    shop: "暖芽母婴",
    notice: "这一页代表门店自己的网站，角落里的聊天就是小组件。",
    buy: "加入购物车",
    others: "大家还看了",
    products: {
      cream: {
        title: "婴儿润肤霜 200g",
        price: "¥79",
        about: "适合干燥和湿疹肌肤，不含香精，新生儿可用。",
      },
      bottle: {
        title: "玻璃奶瓶 160ml",
        price: "¥128",
        about: "宽口径，慢流量奶嘴，可煮可冻，经久耐用。",
      },
      nappies: {
        title: "纸尿裤 M 码 64 片",
        price: "¥99",
        about: "适合 6–11 公斤，轻薄，整夜干爽。",
      },
    },
  },
)

const PICTURES = { cream: "🧴", bottle: "🍼", nappies: "👶" } as const

/** All of them, in the language of the page. */
export function products(): Product[] {
  const told = t().products
  return (["cream", "bottle", "nappies"] as const).map((id) => ({
    id,
    picture: PICTURES[id],
    ...told[id],
  }))
}
