// The forms for cards: which fields each has, and the card that comes of them.

import type { Button, Card, Money } from "@chatserver/client"
import { moneyIn } from "../../shared/cards/money.ts"

export const CURRENCIES = ["CNY", "HKD", "TWD", "JPY", "USD", "EUR", "GBP"] as const

export type FieldName =
  | "title"
  | "text"
  | "currency"
  | "price"
  | "value"
  | "least"
  | "code"
  | "until"
  | "when"
  | "place"
  | "who"
  | "url"
  | "picture"
  | "button"

/** What is in the fields, as it was typed. */
export type Fields = Partial<Record<FieldName, string>>

/** The cards that there are forms for, with their fields in order. */
export const FORMS = {
  product: ["title", "price", "currency", "text", "url", "picture", "button"],
  coupon: ["title", "value", "least", "currency", "code", "until"],
  appointment: ["title", "when", "place", "who", "text"],
  rating: ["title", "text"],
} as const satisfies Partial<Record<Card["type"], readonly FieldName[]>>

export type FormName = keyof typeof FORMS

/** Fields that must not be empty. */
export const NEEDED: ReadonlySet<FieldName> = new Set(["title", "value", "when"])

/** The longest that a field may be, as the server says. */
export const LONGEST: Partial<Record<FieldName, number>> = {
  ...{ title: 100, text: 500, price: 16, value: 16, least: 16, code: 64, place: 100, who: 100 },
  ...{ url: 2000, picture: 2000, button: 24 },
}

/** The words of buttons that a form puts under a card. */
export interface Labels {
  confirm: string
  another: string
}

/** The card of what was typed, or the fields that are wrong. `id` is what it is about. */
export function cardFrom(
  form: FormName,
  typed: Fields,
  id: string,
  labels: Labels,
): { card: Card } | { wrong: FieldName[] } {
  const names: readonly FieldName[] = FORMS[form]
  const fields = Object.fromEntries(names.map((name) => [name, (typed[name] ?? "").trim()]))
  const wrong = names.filter((name) => !isRight(name, fields))
  return wrong.length > 0 ? { wrong } : { card: made(form, fields, id, labels) }
}

function isRight(name: FieldName, fields: Fields): boolean {
  const text = fields[name] ?? ""
  if (text === "") return !NEEDED.has(name)
  switch (name) {
    case "price":
    case "value":
    case "least":
      return sum(fields, name) !== undefined
    case "url":
    case "picture":
      return isSecure(text)
    case "when":
    case "until":
      return Number.isFinite(Date.parse(text))
    case "code":
      return /^[\x21-\x7e]+$/.test(text)
    default:
      return true
  }
}

function made(form: FormName, fields: Fields, id: string, labels: Labels): Card {
  const title = fields.title ?? ""
  const text = fields.text ? { text: fields.text } : {}
  switch (form) {
    case "product":
      return { type: "product", id, title, ...text, ...productOf(fields) }
    case "coupon":
      return { type: "coupon", id, title, ...couponOf(fields) }
    case "appointment":
      return { type: "appointment", id, title, ...text, ...appointmentOf(fields, labels) }
    case "rating":
      return { type: "rating", id, title, ...text }
  }
}

function productOf(fields: Fields) {
  const price = sum(fields, "price")
  const { url, picture, button } = fields
  const buttons: Button[] = button ? [{ id: "wish", label: button, send: button }] : []
  return {
    ...(price ? { price } : {}),
    ...(url ? { url } : {}),
    ...(picture ? { picture: { url: picture } } : {}),
    ...(buttons.length > 0 ? { buttons } : {}),
  }
}

function couponOf(fields: Fields) {
  const [value, least] = [sum(fields, "value"), sum(fields, "least")]
  const { code, until } = fields
  return {
    ...(value ? { value } : {}),
    ...(least ? { least } : {}),
    ...(code ? { code } : {}),
    ...(until ? { ends_at: Date.parse(until) } : {}),
  }
}

function appointmentOf(fields: Fields, { confirm, another }: Labels) {
  const { when = "", place, who } = fields
  return {
    status: "proposed" as const,
    starts_at: Date.parse(when), // without a zone that is the time here
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    ...(place ? { place } : {}),
    ...(who ? { who } : {}),
    buttons: [
      { id: "confirm", label: confirm, action: "appointment.confirm" },
      { id: "another", label: another, send: another },
    ],
  }
}

function sum(fields: Fields, name: "price" | "value" | "least"): Money | undefined {
  return moneyIn(fields[name] ?? "", fields.currency || CURRENCIES[0]) ?? undefined
}

function isSecure(address: string): boolean {
  try {
    return new URL(address).protocol === "https:"
  } catch {
    return false
  }
}
