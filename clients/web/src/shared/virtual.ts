// The arithmetic of a long list of which only a window is drawn: where each row stands, which rows a
// window shows, and what keeps the eye where it is while rows come above it. No DOM.

/** Rows by key with their heights: measured ones, and for the others what those were on average. */
export class Rows {
  keys: readonly string[] = []
  private readonly heights = new Map<string, number>()
  private estimate: number
  private sum = 0
  private tops: Float64Array = new Float64Array(1)
  private valid = 0 // tops up to here are right
  private places: Map<string, number> | null = null

  /** `estimate` is the height of a row, in pixels, before any was measured. */
  constructor(estimate: number) {
    this.estimate = estimate
  }

  /** How many rows there are. */
  get count(): number {
    return this.keys.length
  }

  /** Whether the height of any is known. */
  get isMeasured(): boolean {
    return this.heights.size > 0
  }

  /** The height of all of them. */
  get total(): number {
    return this.top(this.count)
  }

  /** Take other rows; those known by their key keep their height. */
  replace(keys: readonly string[]): void {
    const known = this.keys
    this.keys = keys
    const same = commonStart(known, keys)
    if (same === known.length && this.valid > 0) this.extend(same)
    else this.learn()
  }

  /** Take the rows that were not measured to be as high as the others are on average. Not done with
   * each that is measured: the rows above would move every time. */
  learn(): void {
    if (this.heights.size > 0) this.estimate = this.sum / this.heights.size
    this.tops = new Float64Array(this.count + 1)
    this.valid = 0
    this.places = null
  }

  /** A row was measured; whether that moves those below it. */
  measured(key: string, height: number): boolean {
    const known = this.heights.get(key)
    if (known === height) return false
    this.heights.set(key, height)
    this.sum += height - (known ?? 0)
    const at = this.indexOf(key)
    if (at >= 0) this.valid = Math.min(this.valid, at)
    return true
  }

  /** Which row it is, or -1. */
  indexOf(key: string): number {
    this.places ??= new Map(this.keys.map((each, at) => [each, at]))
    return this.places.get(key) ?? -1
  }

  /** Rows came at the end: what is known of those before them stays. */
  private extend(from: number): void {
    const tops = new Float64Array(this.count + 1)
    tops.set(this.tops.subarray(0, from + 1))
    this.tops = tops
    for (let at = from; at < this.count; at++) this.places?.set(this.keys[at] ?? "", at)
  }

  /** Where row `at` begins, in pixels from the top. */
  top(at: number): number {
    const wanted = Math.min(Math.max(at, 0), this.count)
    for (; this.valid < wanted; this.valid++) {
      const height = this.heights.get(this.keys[this.valid] ?? "") ?? this.estimate
      this.tops[this.valid + 1] = (this.tops[this.valid] ?? 0) + height
    }
    return this.tops[wanted] ?? 0
  }

  /** The row that covers a height, in pixels from the top. */
  at(offset: number): number {
    let low = 0
    let high = Math.max(this.count - 1, 0)
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.top(middle) <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  /** The rows of a window, `beyond` pixels more on either side; the end is not among them. */
  window(offset: number, height: number, beyond: number): [start: number, end: number] {
    if (this.count === 0) return [0, 0]
    return [this.at(offset - beyond), this.at(offset + height + beyond) + 1]
  }
}

/** How many of the first keys are the same. */
function commonStart(one: readonly string[], other: readonly string[]): number {
  const most = Math.min(one.length, other.length)
  let at = 0
  while (at < most && one[at] === other[at]) at++
  return at
}
