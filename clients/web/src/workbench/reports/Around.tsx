// The message that was reported, among what was said around it.

import type { Message, Report, Shown } from "@chatserver/client"
import { signal } from "@preact/signals"
import { useEffect, useMemo, useRef } from "preact/hooks"
import { Avatar } from "../../shared/components/Avatar.tsx"
import { Content } from "../../shared/components/Bubble.tsx"
import { type ThreadTools, ToolsContext } from "../../shared/components/threadTools.ts"
import { isNote } from "../../shared/days.ts"
import { clock, day, daysBetween, exactly } from "../../shared/format.ts"
import { locale, t } from "../../shared/i18n/index.ts"
import { useChat } from "../../shared/live.ts"
import { preview } from "../../shared/preview.ts"
import { now } from "../bench.ts"
import { nameIn } from "./naming.ts"
import { p } from "./texts.ts"

/** What was said, in order, and how the message stood when it was reported again. */
export function Around({ report }: { report: Report }) {
  const chat = useChat()
  const box = useRef<HTMLElement>(null)
  const all = useMemo(() => shownOf(report, (user) => nameIn(report, user, chat)), [report])
  useEffect(() => {
    // where it stands beside the rest; below each other they are read from the top
    if (!matchMedia("(width >= 80rem)").matches) return
    box.current?.querySelector(".around__one--it")?.scrollIntoView({ block: "center" })
  }, [])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys
    <section ref={box} class="report__said" tabIndex={0} aria-labelledby="report-said">
      <h3 id="report-said">{p().message}</h3>
      <p class="report__hint muted">{p().messageHint}</p>
      <ol class="around">
        {all.map((shown, index) => (
          <Line key={shown.key} report={report} shown={shown} before={all[index - 1]} all={all} />
        ))}
      </ol>
      {report.copies.slice(1).map((copy) => (
        <Later key={copy.mod ?? 0} report={report} copy={copy} />
      ))}
    </section>
  )
}

/** The message as it was when somebody reported it again. */
function Later({ report, copy }: { report: Report; copy: Message }) {
  const chat = useChat()
  const when = report.complaints.find(({ mod }) => mod === (copy.mod ?? 0))?.at ?? report.last_at
  const shown = asShown(copy, nameIn(report, copy.sender, chat))
  return (
    <>
      <h4 class="report__later muted">{p().later(exactly(when, locale()))}</h4>
      <ol class="around">
        <Line report={report} shown={shown} before={shown} all={[shown]} />
      </ol>
    </>
  )
}

interface LineProps {
  report: Report
  shown: Shown
  before: Shown | undefined
  all: readonly Shown[]
}

function Line({ report, shown, before, all }: LineProps) {
  const isIt = shown.seq === report.seq
  const isNewDay = !before || daysBetween(before.at, shown.at) !== 0
  return (
    <>
      {isNewDay && (
        <li class="thread__day">
          <span>{day(shown.at, now.value, locale(), t().time)}</span>
        </li>
      )}
      <li class={`around__one ${isIt ? "around__one--it" : ""}`}>
        {isNote(shown) ? (
          <NoteLine report={report} shown={shown} />
        ) : (
          <SaidLine report={report} shown={shown} all={all} />
        )}
      </li>
    </>
  )
}

function NoteLine({ report, shown: { message } }: Pick<LineProps, "report" | "shown">) {
  const chat = useChat()
  if (!message) return null
  const me = chat.me?.user ?? ""
  return <p class="note">{preview(message, me, (user) => nameIn(report, user, chat))}</p>
}

function SaidLine({ report, shown, all }: Omit<LineProps, "before">) {
  const tools = useQuietTools(report, shown, all)
  return (
    <ToolsContext.Provider value={tools}>
      <div class="bubble-row bubble-row--opens bubble-row--closes">
        <span class="bubble-row__side">
          <Avatar id={shown.sender} name={shown.name} size="small" />
        </span>
        <div class="bubble-row__body">
          <div class="bubble-row__line">
            <div class="bubble">
              <span class="bubble__name">
                {shown.name}
                {shown.seq === report.seq && <span class="around__mark">{p().reported}</span>}
              </span>
              <Answered report={report} shown={shown} />
              <Content shown={shown} />
              <span class="bubble__foot">
                {shown.message?.edited_at ? <span>{t().thread.edited}</span> : null}
                <time
                  dateTime={new Date(shown.at).toISOString()}
                  title={exactly(shown.at, locale())}
                >
                  {clock(shown.at, locale())}
                </time>
              </span>
            </div>
          </div>
        </div>
      </div>
    </ToolsContext.Provider>
  )
}

/** What it answers, where that is among what is here. */
function Answered({ report, shown }: Pick<LineProps, "report" | "shown">) {
  const chat = useChat()
  const told = [...report.context, ...report.copies]
  const to = told.find(({ seq }) => seq === shown.seq)?.reply_to
  const message = to ? report.context.find(({ seq }) => seq === to) : undefined
  if (!message) return null
  return (
    <span class="quote">
      <span class="quote__name">{nameIn(report, message.sender, chat)}</span>
      <span class="quote__text">
        {preview(message, chat.me?.user ?? "", (user) => nameIn(report, user, chat))}
      </span>
    </span>
  )
}

/** Tools with which nothing is done: it is looked at as it was. */
function useQuietTools(report: Report, shown: Shown, all: readonly Shown[]): ThreadTools {
  return useMemo(
    () => ({
      id: report.conversation,
      isRoom: true,
      focused: signal(shown.key), // Tab reaches what is inside
      flash: signal(""),
      messages: all,
      report: report.seq,
      noteFocus() {},
      jump() {},
      openMenu() {},
    }),
    [report, shown, all],
  )
}

function shownOf({ context, copies, seq }: Report, name: (user: string) => string): Shown[] {
  const isThere = context.some((message) => message.seq === seq)
  const all = isThere ? context : [...context, ...copies.slice(0, 1)]
  return all
    .filter(({ kind, deleted }) => kind !== "void" && !deleted)
    .sort((one, other) => one.seq - other.seq)
    .map((message) => asShown(message, name(message.sender)))
}

/** A message as the thread draws it, with nothing to tap: `mine` turns its buttons off. */
function asShown(message: Message, name: string): Shown {
  const { reply_to: _to, reactions: _reactions, ...rest } = message
  const { text } = message.body
  return {
    key: `report ${message.seq} ${message.mod ?? 0}`,
    ...{ seq: message.seq, sender: message.sender, name, at: message.at, message: rest },
    text: typeof text === "string" ? text : "",
    ...{ mine: true, tick: null, error: null, draft: null, attachment: null },
  }
}
