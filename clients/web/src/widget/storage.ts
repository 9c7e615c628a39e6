// Some browsers deny a frame of another site its storage, and even to ask for it is an error.

/** Stands in for a storage that is denied; what it keeps lasts as long as the page. */
export class PassingStorage {
  private readonly kept = new Map<string, string>()

  get length(): number {
    return this.kept.size
  }

  getItem(key: string): string | null {
    return this.kept.get(key) ?? null
  }

  setItem(key: string, value: string): void {
    this.kept.set(key, String(value))
  }

  removeItem(key: string): void {
    this.kept.delete(key)
  }

  key(at: number): string | null {
    return [...this.kept.keys()][at] ?? null
  }

  clear(): void {
    this.kept.clear()
  }
}

/** Have `localStorage` and `sessionStorage` there whatever the browser says. */
export function provideStorage(): void {
  for (const name of ["localStorage", "sessionStorage"] as const) {
    try {
      globalThis[name].getItem("")
    } catch {
      Object.defineProperty(globalThis, name, { value: new PassingStorage(), configurable: true })
    }
  }
}
