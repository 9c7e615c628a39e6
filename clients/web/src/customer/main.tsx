// The page of customers.

import { followAddress } from "../shared/route.ts"
import { start } from "../shared/start.tsx"
import { App } from "./App.tsx"

followAddress()
void start(() => <App />)
if (import.meta.env.PROD) void navigator.serviceWorker?.register("/sw.js")
