// Which language the page speaks, and its texts. English is written first; the others have its type,
// so that a missing text does not compile.

import { effect, signal } from "@preact/signals"
import { en } from "./en.ts"
import { zh } from "./zh.ts"

export type Language = "en" | "zh"

const KEY = "chatserver-language"

/** Texts that have the shape of the English ones. */
export type Same<T> = T extends string
  ? string
  : T extends (...args: infer A) => string
    ? (...args: A) => string
    : { readonly [K in keyof T]: Same<T[K]> }

/** The language of the page; setting it is kept and changes everything at once. */
export const language = signal<Language>(preferred())

/** The texts of one part of the pages: a function that gives those of the current language. */
export function texts<const T extends object>(inEnglish: T, inChinese: Same<T>): () => Same<T> {
  return () => (language.value === "zh" ? inChinese : (inEnglish as unknown as Same<T>))
}

/** The texts that all pages share. */
export const t = texts(en, zh)

/** What all members of a room are called together, whoever wrote it. */
export const EVERYONE: readonly string[] = [en.composer.everyone, zh.composer.everyone]

/** The locale for times and numbers. */
export function locale(): string {
  return language.value === "zh" ? "zh-CN" : "en-GB"
}

/** Choose a language and keep the choice. */
export function chooseLanguage(chosen: Language): void {
  localStorage.setItem(KEY, chosen)
  language.value = chosen
}

/** Keep the language of the document in step. */
export function followLanguage(): void {
  effect(() => {
    document.documentElement.lang = locale()
  })
}

function preferred(): Language {
  const kept = globalThis.localStorage?.getItem(KEY)
  if (kept === "en" || kept === "zh") return kept
  return globalThis.navigator?.language.toLowerCase().startsWith("zh") ? "zh" : "en"
}
