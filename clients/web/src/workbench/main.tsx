import { render } from "preact"
import { preparePage } from "../shared/page.ts"

render(<h1>workbench</h1>, preparePage())
