// Everybody of the demo shop, as cards.

import { Avatar } from "../shared/components/Avatar.tsx"
import { Icon } from "../shared/components/Icon.tsx"
import type { DemoPerson } from "../shared/session.ts"
import { addressOf, pageOf, pairWith, siteOf } from "./pairs.ts"
import { t } from "./texts.ts"

/** The shop above, its customers below; each opens in a tab of its own. */
export function Cards({ people }: { people: readonly DemoPerson[] }) {
  const on = (page: DemoPerson["page"]) => people.filter((each) => each.page === page)
  return (
    <>
      <Group title={t().staff} about={t().staffOpen} shown={on("workbench")} people={people} />
      <Group
        title={t().customers}
        about={t().customersOpen}
        shown={on("customer")}
        people={people}
      />
      <Site visitor={on("customer")[0]} />
    </>
  )
}

function Group(props: {
  title: string
  about: string
  shown: readonly DemoPerson[]
  people: readonly DemoPerson[]
}) {
  return (
    <section class="people">
      <h2>
        {props.title} <span class="people__about muted">{props.about}</span>
      </h2>
      <ul class="people__cards">
        {props.shown.map((person) => (
          <Card key={person.user} person={person} people={props.people} />
        ))}
      </ul>
    </section>
  )
}

/** A page of the shop's site with the widget. */
function Site({ visitor }: { visitor: DemoPerson | undefined }) {
  if (!visitor) return null
  return (
    <section class="people">
      <h2>
        {t().site} <span class="people__about muted">{t().siteOpen}</span>
      </h2>
      <div class="people__cards">
        <div class="card">
          <a class="card__open" href={siteOf(visitor)} target="_blank" rel="noopener">
            <span class="card__site" aria-hidden="true">
              🍼
            </span>
            <span class="card__who">
              <strong>{t().siteTitle}</strong>
              <span class="card__about muted">{t().siteAbout(visitor.name)}</span>
            </span>
          </a>
        </div>
      </div>
    </section>
  )
}

function Card({ person, people }: { person: DemoPerson; people: readonly DemoPerson[] }) {
  const pair = pairWith(person, people)
  return (
    <li class="card">
      <a class="card__open" href={pageOf(person)} target="_blank" rel="noopener">
        <Avatar id={person.user} name={person.name} />
        <span class="card__who">
          <strong>{person.name}</strong>
          <span class="card__about muted">{person.about}</span>
        </span>
        <span class="hidden-text">{t().open(person.name)}</span>
      </a>
      {pair && (
        <a
          class="icon-button card__beside"
          href={addressOf(pair)}
          aria-label={t().beside(person.name)}
          title={t().besideShort}
        >
          <Icon name="columns" />
        </a>
      )}
    </li>
  )
}
