// The page of customers.

import { registered } from "../shared/push/worker.ts"
import { followAddress } from "../shared/route.ts"
import { start } from "../shared/start.tsx"
import { App } from "./App.tsx"

followAddress()
void registered()
void start((_chat, pushing) => {
  pushing.offerAfterMessage()
  return <App />
})
