// Whether this browser can notify somebody who has left the page.

/** `home-screen`: it could, were the page opened from the home screen; so it is on iOS. */
export type Ability = "able" | "denied" | "home-screen" | "unsupported"

/** As far as it can be told without asking. */
export function ability(): Ability {
  const has = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window
  if (!has) return isIos(navigator) ? "home-screen" : "unsupported"
  return Notification.permission === "denied" ? "denied" : "able"
}

/** Also an iPad that says it is a Mac: no Mac has a screen to touch. */
export function isIos({
  userAgent,
  maxTouchPoints,
}: Pick<Navigator, "userAgent" | "maxTouchPoints">): boolean {
  return /iPhone|iPad/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1)
}
