// What stands in a circle for somebody without a picture.

const TONES = 8
const CJK = /[\u3400-\u9fff\uf900-\ufaff]/

/** One or two signs: 陈小美 is 小美, Anna Lind is AL, Babies of May 2026 is BM. */
export function initials(name: string): string {
  const signs = [...name.trim()]
  if (signs.some((sign) => CJK.test(sign))) {
    const own = signs.filter((sign) => CJK.test(sign))
    return own.length <= 3 ? own.slice(-2).join("") : own.slice(0, 2).join("")
  }
  const words = name.match(/[\p{L}]+/gu) ?? name.trim().split(/\s+/)
  const first = words.map((word) => [...word][0] ?? "")
  const chosen = first.length > 1 ? [first[0], first.at(-1)] : first
  return chosen.join("").toLocaleUpperCase()
}

/** A colour from 0 to 7 that stays the same for an id. */
export function tone(id: string): number {
  let sum = 0
  for (const sign of id) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) >>> 0
  return sum % TONES
}
