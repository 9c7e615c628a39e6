import { render } from "preact"
import { preparePage } from "../shared/page.ts"

render(<h1>demo</h1>, preparePage())
