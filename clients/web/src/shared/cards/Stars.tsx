// A rating to look at.

import { c } from "./texts.ts"

/** So many of so many stars. */
export function Stars({ rating, best }: { rating: number; best: number }) {
  const full = Math.max(0, Math.min(rating, best))
  return (
    <p class="stars" role="img" aria-label={c().rating.stars(rating, best)}>
      {"★".repeat(full)}
      {"☆".repeat(best - full)}
    </p>
  )
}
