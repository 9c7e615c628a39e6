// The texts of the workbench, in the language of the page.

import { texts } from "../../shared/i18n/index.ts"
import { en } from "./en.ts"
import { zh } from "./zh.ts"

export const w = texts(en, zh)
