// The workbench of consultants.

import { followAddress } from "../shared/route.ts"
import { start } from "../shared/start.tsx"
import { App } from "./App.tsx"
import { BenchContext, makeBench } from "./bench.ts"
import { followNews } from "./news.ts"

followAddress()
void start((chat) => {
  const bench = makeBench(chat)
  followNews(chat, bench)
  return (
    <BenchContext.Provider value={bench}>
      <App />
    </BenchContext.Provider>
  )
})
