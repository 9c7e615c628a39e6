// The focus goes back to where messages are written.

/** The id of the text of the composer: there is one in a page. */
export const COMPOSER = "composer-text"

/** Write on: the caret stands at the end. */
export function focusComposer(): void {
  requestAnimationFrame(() => {
    const text = document.getElementById(COMPOSER)
    if (!(text instanceof HTMLTextAreaElement)) return
    text.focus()
    text.setSelectionRange(text.value.length, text.value.length)
  })
}
