// The page in the frame. Storage is looked after before anything is loaded that asks for it.

import { provideStorage } from "./storage.ts"

provideStorage()
await import("./begin.tsx")
