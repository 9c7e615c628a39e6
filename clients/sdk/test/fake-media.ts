// Uploads by tus in memory, with losses: what stands behind `fetch` in tests.

interface Uploading {
  kind: string
  claims: Record<string, string>
  length: number
  bytes: number[]
}

/** Takes uploads; `media` is what was uploaded, by the id it got. */
export class FakeMedia {
  readonly media = new Map<string, Uploading>()
  readonly requests: string[] = []
  readonly ended: string[] = []
  /** How many of the next answers get lost, after what was sent has come. */
  losing = 0
  /** Refusals to give instead of an answer, by status. */
  readonly refusals: { status: number; code: string }[] = []
  /** How much of one request comes at most before the connection is lost. */
  most = Number.POSITIVE_INFINITY
  /** What has to be awaited before anything is answered. */
  gate: Promise<void> = Promise.resolve()
  tokens: string[] = []
  private readonly uploads = new Map<string, Uploading>()

  readonly fetch = (async (address: string, init: RequestInit = {}) => {
    const { method = "GET", signal } = init
    await Promise.race([this.gate, aborted(signal)])
    const path = new URL(address).pathname
    const headers = new Headers(init.headers)
    this.requests.push(method)
    this.tokens.push(headers.get("authorization") ?? "")
    const refusal = this.refusals.shift()
    if (refusal) return Response.json({ ...refusal, message: "No." }, { status: refusal.status })
    const sent = init.body ? new Uint8Array(await (init.body as Blob).arrayBuffer()) : null
    const answer = this.answer(method, path, headers, sent)
    if (this.losing-- > 0) throw new TypeError("the connection is lost")
    return answer
  }) as typeof fetch

  /** All uploads that were begun and not finished are forgotten. */
  forget(): void {
    this.uploads.clear()
  }

  private answer(
    method: string,
    path: string,
    headers: Headers,
    sent: Uint8Array | null,
  ): Response {
    const id = method === "POST" ? this.begin(headers) : (path.split("/").at(-1) ?? "")
    const upload = this.uploads.get(id)
    if (!upload) return Response.json({ code: "not_found", message: "Gone." }, { status: 404 })
    if (method === "DELETE") {
      this.ended.push(id)
      this.uploads.delete(id)
      return new Response(null, { status: 204 })
    }
    if (method === "PATCH" && Number(headers.get("upload-offset")) !== upload.bytes.length) {
      return Response.json({ code: "conflict", message: "Elsewhere." }, { status: 409 })
    }
    for (const byte of sent?.slice(0, this.most) ?? []) upload.bytes.push(byte)
    if (sent && sent.length > this.most) throw new TypeError("the connection is lost")
    const isWhole = upload.bytes.length === upload.length
    if (isWhole) this.media.set(`m-${id}`, upload)
    return new Response(null, {
      status: method === "POST" ? 201 : 204,
      headers: {
        "Upload-Offset": String(upload.bytes.length),
        ...(method === "POST" ? { Location: `/media/uploads/${id}` } : {}),
        ...(isWhole ? { "Chat-Media": `m-${id}` } : {}),
      },
    })
  }

  private begin(headers: Headers): string {
    const id = `u${this.requests.length}`
    const claims = Object.fromEntries(
      (headers.get("upload-metadata") ?? "").split(",").map((pair) => {
        const [name = "", value = ""] = pair.split(" ")
        return [name, Buffer.from(value, "base64").toString()]
      }),
    )
    const length = Number(headers.get("upload-length"))
    this.uploads.set(id, { kind: claims.kind ?? "", claims, length, bytes: [] })
    return id
  }
}

function aborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason))
  })
}
