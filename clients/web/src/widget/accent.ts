// A shop's own colour, made such that it can be read: as a ground under text, and as text on the
// light and dark grounds of the chat. Source: WCAG 2.2, contrast ratio 1.4.3.

type Colour = readonly [red: number, green: number, blue: number]

const READABLE = 4.5
const STEP = 0.04
const WHITE: Colour = [255, 255, 255]
const BLACK: Colour = [0, 0, 0]
const LIGHT: Colour = [216, 238, 234] // the darkest light ground on which it stands as text
const DARK: Colour = [44, 39, 35] // the lightest dark one

/** Custom properties by name. */
type Properties = Record<string, string>

/** The properties that a colour gives; null where it is none of six hexadecimal digits. */
export function accents(chosen: string): { light: Properties; dark: Properties } | null {
  const colour = parse(chosen)
  if (!colour) return null
  const fill = until(colour, BLACK, (made) => contrast(made, WHITE) >= READABLE)
  const fills = { "--accent-fill": css(fill), "--accent-fill-hover": css(mixed(fill, BLACK, 0.15)) }
  return {
    light: {
      ...fills,
      "--accent": css(onto(colour, LIGHT, BLACK)),
      "--accent-soft": css(mixed(colour, WHITE, 0.86)),
    },
    dark: {
      ...fills,
      "--accent": css(onto(colour, DARK, WHITE)),
      "--accent-soft": css(mixed(fill, BLACK, 0.5)),
    },
  }
}

/** Rules that give a page this colour, as the page's theme and the system say. */
export function accentRules(chosen: string): string {
  const made = accents(chosen)
  if (!made) return ""
  const rule = (where: string, properties: Properties) =>
    `${where} { ${Object.entries(properties)
      .map((each) => each.join(": "))
      .join("; ")} }`
  return [
    rule(":root", made.light),
    `@media (prefers-color-scheme: dark) { ${rule(':root:not([data-theme="light"])', made.dark)} }`,
    rule(':root[data-theme="dark"]', made.dark),
  ].join("\n")
}

/** How far two colours stand apart, from 1 to 21. */
export function contrast(one: Colour, other: Colour): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

/** A colour of six hexadecimal digits. */
export function parse(text: string): Colour | null {
  const [, red, green, blue] = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(text) ?? []
  if (red === undefined || green === undefined || blue === undefined) return null
  return [Number.parseInt(red, 16), Number.parseInt(green, 16), Number.parseInt(blue, 16)]
}

function onto(colour: Colour, ground: Colour, towards: Colour): Colour {
  return until(colour, towards, (made) => contrast(made, ground) >= READABLE)
}

/** The colour, mixed with another one as far as it takes. */
function until(colour: Colour, towards: Colour, isGood: (made: Colour) => boolean): Colour {
  for (let share = 0; share < 1; share += STEP) {
    const made = mixed(colour, towards, share)
    if (isGood(made)) return made
  }
  return towards
}

function mixed(colour: Colour, other: Colour, share: number): Colour {
  const part = (at: 0 | 1 | 2) => Math.round(colour[at] * (1 - share) + other[at] * share)
  return [part(0), part(1), part(2)]
}

function luminance(colour: Colour): number {
  const [red = 0, green = 0, blue = 0] = colour.map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function css(colour: Colour): string {
  return `#${colour.map((value) => value.toString(16).padStart(2, "0")).join("")}`
}
