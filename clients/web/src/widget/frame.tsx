import { render } from "preact"
import { preparePage } from "../shared/page.ts"

render(<h1>widget</h1>, preparePage())
