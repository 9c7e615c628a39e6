// A voice message: its loudness, where it is, and a button.

import { useEffect, useRef, useState } from "preact/hooks"
import { Icon } from "../components/Icon.tsx"
import { bars, duration } from "./sizes.ts"
import { m } from "./texts.ts"

const BARS = 32
const BAR = 4 // units between two of them
const HEIGHT = 24

let playing: HTMLAudioElement | null = null // one at a time

interface VoiceProps {
  src: string | undefined
  durationMs: number
  waveform: readonly number[]
  tabIndex: 0 | -1
  onError?: () => void
}

/** A recording that can be played, also from within. */
export function Voice({ src, durationMs, waveform, tabIndex, onError }: VoiceProps) {
  const audio = useRef<HTMLAudioElement>(null)
  const { isPlaying, at, toggle, seek } = usePlaying(audio, durationMs)
  const left = isPlaying || at > 0 ? durationMs - at : durationMs
  return (
    <span class="voice">
      <button
        type="button"
        class="voice__play"
        tabIndex={tabIndex}
        disabled={!src}
        aria-label={isPlaying ? m().pause : m().play}
        onClick={toggle}
      >
        <Icon name={isPlaying ? "pause" : "play"} />
      </button>
      <span class="voice__wave">
        <Wave waveform={waveform} part={durationMs > 0 ? at / durationMs : 0} />
        <input
          type="range"
          tabIndex={tabIndex}
          min={0}
          max={Math.max(durationMs, 1)}
          step={500}
          value={at}
          aria-label={m().position}
          aria-valuetext={duration(at)}
          onInput={({ currentTarget }) => seek(Number(currentTarget.value))}
        />
      </span>
      <span class="voice__time">{duration(left)}</span>
      {/* biome-ignore lint/a11y/useMediaCaption: nobody wrote any for what people say */}
      <audio ref={audio} src={src} preload="none" onError={onError} />
    </span>
  )
}

function Wave({ waveform, part }: { waveform: readonly number[]; part: number }) {
  return (
    <svg viewBox={`0 0 ${BARS * BAR} ${HEIGHT}`} aria-hidden="true">
      {bars(waveform, BARS).map((loud, at) => {
        const height = Math.max(loud * HEIGHT, 2)
        const isPast = at / BARS < part
        return (
          <rect
            key={at}
            class={isPast ? "voice__bar voice__bar--past" : "voice__bar"}
            x={at * BAR}
            y={(HEIGHT - height) / 2}
            width={2.4}
            height={height}
            rx={1.2}
          />
        )
      })}
    </svg>
  )
}

function usePlaying(audio: { current: HTMLAudioElement | null }, durationMs: number) {
  const [isPlaying, setPlaying] = useState(false)
  const [at, setAt] = useState(0)
  useEffect(() => {
    const { current } = audio
    if (!current) return
    const look = () => {
      setPlaying(!current.paused && !current.ended)
      setAt(current.ended ? 0 : Math.min(current.currentTime * 1000, durationMs))
    }
    const events = ["play", "pause", "ended", "timeupdate"]
    for (const name of events) current.addEventListener(name, look)
    return () => {
      for (const name of events) current.removeEventListener(name, look)
      current.pause()
    }
  }, [durationMs])
  const toggle = () => {
    const { current } = audio
    if (!current) return
    if (!current.paused) return current.pause()
    if (playing !== current) playing?.pause()
    playing = current
    current.play().catch(() => {}) // the element tells its error
  }
  const seek = (ms: number) => {
    if (audio.current) audio.current.currentTime = ms / 1000
    setAt(ms)
  }
  return { isPlaying, at, toggle, seek }
}
