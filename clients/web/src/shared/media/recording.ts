// What somebody speaks, with its length and how loud it was.

import { signal } from "@preact/signals"

const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"]
const EACH_MS = 100
const LONGEST_MS = 290_000 // a little less than the server takes
const BARS = 64

/** A recording that is on. */
export class Recording {
  readonly elapsedMs = signal(0)
  private readonly recorder: MediaRecorder
  private readonly context = new AudioContext()
  private readonly parts: Blob[] = []
  private readonly loudness: number[] = []
  private readonly timer: ReturnType<typeof setInterval>
  private readonly begun = Date.now()

  private constructor(stream: MediaStream, type: string) {
    this.recorder = new MediaRecorder(stream, { mimeType: type })
    this.recorder.ondataavailable = ({ data }) => this.parts.push(data)
    this.recorder.start()
    const analyser = this.context.createAnalyser()
    this.context.createMediaStreamSource(stream).connect(analyser)
    this.timer = setInterval(() => this.look(analyser), EACH_MS)
  }

  /** Whether this browser can record what the server takes. */
  static isPossible(): boolean {
    return typeof MediaRecorder === "function" && !!navigator.mediaDevices && typeOf() !== undefined
  }

  /** Ask for the microphone and begin; rejects where it may not be used. */
  static async begin(): Promise<Recording> {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true })
    return new Recording(stream, typeOf() ?? "")
  }

  /** All that was spoken. */
  async finish(): Promise<{ content: Blob; durationMs: number; waveform: number[] }> {
    const durationMs = this.elapsedMs.value
    const { recorder } = this
    if (recorder.state !== "inactive") {
      const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve))
      recorder.stop()
      await stopped
    }
    const content = new Blob(this.parts, { type: recorder.mimeType })
    return { content, durationMs, waveform: shortened(this.loudness) }
  }

  /** Give the microphone back. */
  end(): void {
    clearInterval(this.timer)
    if (this.recorder.state !== "inactive") this.recorder.stop()
    for (const track of this.recorder.stream.getTracks()) track.stop()
    if (this.context.state !== "closed") void this.context.close()
  }

  private look(analyser: AnalyserNode): void {
    if (this.recorder.state === "inactive") return
    const samples = new Float32Array(analyser.fftSize)
    analyser.getFloatTimeDomainData(samples)
    this.loudness.push(Math.max(...samples.map(Math.abs)))
    this.elapsedMs.value = Date.now() - this.begun
    if (this.elapsedMs.value > LONGEST_MS) this.recorder.stop()
  }
}

function typeOf(): string | undefined {
  return TYPES.find((type) => MediaRecorder.isTypeSupported(type))
}

/** At most so many numbers from 0 to 100, the loudest of them 100. */
function shortened(loudness: readonly number[]): number[] {
  const count = Math.min(BARS, loudness.length)
  const top = Math.max(...loudness, 0.01)
  return Array.from({ length: count }, (_, at) => {
    const from = Math.floor((at * loudness.length) / count)
    const to = Math.floor(((at + 1) * loudness.length) / count)
    return Math.round((Math.max(...loudness.slice(from, to)) / top) * 100)
  })
}
