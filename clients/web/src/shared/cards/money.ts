// Sums of money. Amounts are in the smallest unit of their currency: 7900 in CNY is ¥79.00.

import type { Money } from "@chatserver/client"

const BEYOND = 10 ** 12 // the most the server takes

/** A sum as people of a locale write it. */
export function moneyText({ amount, currency }: Money, locale: string): string {
  return formatter(locale, currency).format(amount / 10 ** digits(currency))
}

/** The sum that somebody typed; null where it is none. */
export function moneyIn(typed: string, currency: string): Money | null {
  const text = typed.normalize("NFKC").replaceAll(",", "").trim()
  const [, whole = "", part = ""] = /^(\d+)(?:\.(\d*))?$/.exec(text) ?? []
  const places = digits(currency)
  if (whole === "" || part.length > places) return null
  const amount = Number(whole + part.padEnd(places, "0"))
  return amount <= BEYOND ? { amount, currency } : null
}

function digits(currency: string): number {
  return formatter("en", currency).resolvedOptions().maximumFractionDigits ?? 2
}

/** They are dear to make, and kept. */
const made = new Map<string, Intl.NumberFormat>()

function formatter(locale: string, currency: string): Intl.NumberFormat {
  const key = `${locale} ${currency}`
  const found = made.get(key) ?? new Intl.NumberFormat(locale, { style: "currency", currency })
  made.set(key, found)
  return found
}
