// The workbench of consultants.

import { followAddress } from "../shared/route.ts"
import { start } from "../shared/start.tsx"
import { App } from "./App.tsx"
import { BenchContext, makeBench } from "./bench.ts"
import { followNews } from "./news.ts"
import { followReportAddress } from "./reports/place.ts"

followAddress()
followReportAddress()
void start((chat, pushing) => {
  const bench = makeBench(chat)
  followNews(chat, bench, pushing)
  return (
    <BenchContext.Provider value={bench}>
      <App />
    </BenchContext.Provider>
  )
})
