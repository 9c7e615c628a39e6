// The last step of a build: beside each text file its packed form, so that no server has to pack it
// for each that asks; what only the build itself needed is taken away.

import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { gzipSync } from "node:zlib"

const OUT = new URL("../../chatserver/pages/", import.meta.url).pathname
const TEXT = /\.(css|html|js|svg|webmanifest)$/
const WORTH = 0.9 // of the size; what saves less is not worth a second form

rmSync(`${OUT}.vite`, { recursive: true, force: true })
for (const name of readdirSync(OUT, { recursive: true, encoding: "utf8" })) {
  if (!TEXT.test(name) || !statSync(OUT + name).isFile()) continue
  const content = readFileSync(OUT + name)
  const packed = gzipSync(content, { level: 9 })
  if (packed.length < WORTH * content.length) writeFileSync(`${OUT}${name}.gz`, packed)
}
