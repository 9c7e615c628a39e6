// Who is looked at side by side: `#/CUSTOMER/CONSULTANT` in the address.

import type { DemoPerson } from "../shared/session.ts"

/** A customer and somebody of the shop. */
export interface Pair {
  customer: DemoPerson
  staff: DemoPerson
}

/** Where a person's page is. */
export function pageOf({ user, page }: DemoPerson): string {
  const path = page === "workbench" ? "/workbench" : "/"
  return `${path}?as=${encodeURIComponent(user)}`
}

/** A page of the shop's own site, with the widget for this customer. */
export function siteOf({ user }: DemoPerson): string {
  return `/demo/shop?as=${encodeURIComponent(user)}`
}

/** The address of a pair on the start page. */
export function addressOf({ customer, staff }: Pair): string {
  return `#/${encodeURIComponent(customer.user)}/${encodeURIComponent(staff.user)}`
}

/** The pair that an address names; none where it names no such people. */
export function pairIn(hash: string, people: readonly DemoPerson[]): Pair | null {
  const [, first, second] = /^#\/([^/]+)\/([^/]+)$/.exec(hash) ?? []
  const named = (page: DemoPerson["page"], user: string | undefined) =>
    people.find((each) => each.page === page && encodeURIComponent(each.user) === user)
  const customer = named("customer", first)
  const staff = named("workbench", second)
  return customer && staff ? { customer, staff } : null
}

/** A person with the first one of the other side. */
export function pairWith(person: DemoPerson, people: readonly DemoPerson[]): Pair | null {
  const other = people.find(({ page }) => page !== person.page)
  if (!other) return null
  return person.page === "customer"
    ? { customer: person, staff: other }
    : { customer: other, staff: person }
}
