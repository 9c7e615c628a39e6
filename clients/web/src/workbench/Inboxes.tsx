// The left pane: parts of the list, the search, and the list itself.

import { useEffect, useRef } from "preact/hooks"
import { Avatar } from "../shared/components/Avatar.tsx"
import { IconButton } from "../shared/components/Icon.tsx"
import { t } from "../shared/i18n/index.ts"
import { moveFocus } from "../shared/keys.ts"
import { useLive } from "../shared/live.ts"
import { openDialog } from "../shared/overlays.ts"
import { shown } from "../shared/route.ts"
import { SearchBox } from "../shared/search/SearchBox.tsx"
import { SearchResults } from "../shared/search/SearchResults.tsx"
import { useBench } from "./bench.ts"
import { CannedDialog } from "./CannedDialog.tsx"
import { EntryRow } from "./EntryRow.tsx"
import { TABS, type Tab } from "./entries.ts"
import { FixedList } from "./FixedList.tsx"
import { ListTab } from "./ListTab.tsx"
import { ReportsEntry } from "./reports/ReportsEntry.tsx"
import { SettingsDialog } from "./SettingsDialog.tsx"
import { order } from "./settings.ts"
import { w } from "./texts/index.ts"
import "./inboxes.css"

const ROW_REM = 4.75 // the height of an entry

/** All conversations, in parts. */
export function Inboxes() {
  const { searching } = useBench()
  return (
    <section class="inboxes" aria-label={w().tabs.label}>
      <Bar />
      <Search />
      {searching.isWanted.value ? (
        <SearchResults searching={searching} />
      ) : (
        <>
          <ReportsEntry />
          <Tabs />
          <Listed />
        </>
      )}
    </section>
  )
}

function Bar() {
  const me = useLive((chat) => chat.me)
  return (
    <header class="inboxes__bar">
      {me && <Avatar id={me.user} name={me.name} size="small" />}
      <div class="inboxes__me">
        <h1>{w().title}</h1>
        <p class="muted ellipsis">{me?.name}</p>
      </div>
      <IconButton
        icon="canned"
        label={w().canned.title}
        onClick={() => openDialog(() => <CannedDialog />)}
      />
      <IconButton
        icon="settings"
        label={w().settings.title}
        onClick={() => openDialog(() => <SettingsDialog />)}
      />
    </header>
  )
}

function Search() {
  const { inbox, searching } = useBench()
  return (
    <search class="inboxes__search">
      <SearchBox id="search" searching={searching} label={t().common.search} />
      {inbox.tab.value === "mine" && !searching.isWanted.value && <OrderButton />}
    </search>
  )
}

function Tabs() {
  return (
    <div class="inboxes__parts">
      <div
        class="inboxes__tabs"
        role="tablist"
        aria-label={w().tabs.label}
        onKeyDown={(event) => moveFocus(event, event.currentTarget, "[role=tab]")}
      >
        {TABS.map((tab) => (
          <TabButton key={tab} tab={tab} />
        ))}
      </div>
    </div>
  )
}

function TabButton({ tab }: { tab: Tab }) {
  const { inbox } = useBench()
  const { total, unread } = inbox.counts.value[tab]
  const isChosen = inbox.tab.value === tab
  const choose = () => {
    inbox.tab.value = tab
  }
  return (
    <ListTab id={`tab-${tab}`} panel="entries" isChosen={isChosen} choose={choose}>
      {w().tabs[tab]}
      {total > 0 && (
        <span class={`tab__count ${tab === "unassigned" ? "tab__count--waiting" : ""}`}>
          {total > 999 ? "999+" : total}
          {unread > 0 && <span class="tab__unread" />}
          {unread > 0 && <span class="hidden-text">, {t().list.unread(unread)}</span>}
        </span>
      )}
    </ListTab>
  )
}

function OrderButton() {
  const isByWait = order.value === "waiting"
  const { label, latest, waiting } = w().list.order
  return (
    <IconButton
      icon={isByWait ? "clock" : "sort"}
      label={`${label}: ${isByWait ? waiting : latest}`}
      onClick={() => {
        order.value = isByWait ? "latest" : "waiting"
      }}
    />
  )
}

function Listed() {
  const { inbox } = useBench()
  const entries = inbox.shown.value
  const id = shown.value
  const isLoading = useLive((chat) => chat.me === null) || !inbox.desk.value.isLoaded
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    box.current?.querySelector(".fixed-list")?.scrollTo(0, 0)
  }, [inbox.tab.value])
  const label = w().tabs[inbox.tab.value]
  return (
    <div ref={box} id="entries" class="inboxes__list" role="tabpanel" aria-label={label}>
      {entries.length === 0 && <Nothing isLoading={isLoading} />}
      <FixedList
        items={entries}
        rowRem={ROW_REM}
        label={label}
        reveal={id}
        onNearEnd={() => inbox.loadMore()}
        draw={(entry, isReachable) => (
          <EntryRow entry={entry} isCurrent={entry.id === id} isReachable={isReachable} />
        )}
      />
    </div>
  )
}

function Nothing({ isLoading }: { isLoading: boolean }) {
  const { inbox } = useBench()
  const { list } = w()
  const text = list.empty[inbox.tab.value]
  return <p class="inboxes__nothing muted">{isLoading ? list.loading : text}</p>
}
