// What a device is called in the list of one's devices.

const BROWSERS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/MicroMessenger/, "WeChat"],
  [/Edg\//, "Edge"],
  [/Firefox\/|FxiOS/, "Firefox"],
  [/Chrome\/|CriOS/, "Chrome"],
  [/Safari\//, "Safari"],
]
const SYSTEMS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/iPhone|iPad/, "iOS"],
  [/Android/, "Android"],
  [/Mac OS X/, "macOS"],
  [/Windows/, "Windows"],
  [/Linux/, "Linux"],
]

/** Browser and system by what the browser says of itself, as far as they are known. */
export function browserName(userAgent: string): string {
  const named = [BROWSERS, SYSTEMS].map((all) => all.find(([pattern]) => pattern.test(userAgent)))
  return named.flatMap((found) => found?.[1] ?? []).join(", ")
}
