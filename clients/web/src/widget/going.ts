// Going from one conversation to another without a step in the history: that is the shop's page's,
// and "back" there would move the chat instead.

/** Go to an address of this page. */
export function go(address: string): void {
  location.replace(address)
}

/** Follow links within this page in the same way. */
export function goByLinks(): void {
  addEventListener("click", (event) => {
    const link = (event.target as Element).closest?.('a[href^="#"]')
    if (!link || event.defaultPrevented) return
    event.preventDefault()
    go(link.getAttribute("href") ?? "#/")
  })
}
