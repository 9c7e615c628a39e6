// Two people at once: the customer's phone on the left, the workbench on the right.

import { Icon } from "../shared/components/Icon.tsx"
import type { DemoPerson } from "../shared/session.ts"
import { addressOf, type Pair, pageOf } from "./pairs.ts"
import { t } from "./texts.ts"

/** Both pages, live; each side has a choice of its people. */
export function SideBySide({ pair, people }: { pair: Pair; people: readonly DemoPerson[] }) {
  const show = (changed: Partial<Pair>) => {
    location.hash = addressOf({ ...pair, ...changed })
  }
  const on = (page: DemoPerson["page"]) => people.filter((each) => each.page === page)
  return (
    <div class="beside">
      <header class="beside__bar">
        <a class="button beside__back" href="#/">
          <Icon name="back" size={18} />
          {t().people}
        </a>
        <Choice
          label={t().customer}
          people={on("customer")}
          chosen={pair.customer}
          choose={(customer) => show({ customer })}
        />
        <Choice
          label={t().consultant}
          people={on("workbench")}
          chosen={pair.staff}
          choose={(staff) => show({ staff })}
        />
      </header>
      <main class="beside__screens">
        <div class="beside__phone">
          <Screen person={pair.customer} />
        </div>
        <div class="beside__desk">
          <Screen person={pair.staff} />
        </div>
      </main>
    </div>
  )
}

function Screen({ person }: { person: DemoPerson }) {
  return <iframe key={person.user} src={pageOf(person)} title={t().frame(person.name)} />
}

function Choice(props: {
  label: string
  people: readonly DemoPerson[]
  chosen: DemoPerson
  choose: (person: DemoPerson) => void
}) {
  const { label, people, chosen, choose } = props
  return (
    <label class="beside__choice">
      <span class="muted">{label}</span>
      <select
        class="field"
        value={chosen.user}
        onChange={({ currentTarget }) => {
          const person = people[currentTarget.selectedIndex]
          if (person) choose(person)
        }}
      >
        {people.map(({ user, name }) => (
          <option key={user} value={user}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}
