// The start page of a demo server: who one can be.

import { render } from "preact"
import { preparePage } from "../shared/page.ts"
import { demoPeople } from "../shared/session.ts"
import { Start } from "./Start.tsx"

const place = preparePage()
const people = await demoPeople().catch(() => [])
render(<Start people={people} />, place)
