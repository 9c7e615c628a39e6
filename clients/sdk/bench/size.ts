// How large the SDK is in a page: all of it, minified, alone and with what it brings along.

import { gzipSync } from "node:zlib"
import { build } from "esbuild"

/** Bytes of a bundle, plain and compressed. */
async function sizes(entry: string, external: string[] = []): Promise<string> {
  const bundled = await build({
    entryPoints: [`src/${entry}.ts`],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    external,
  })
  const { contents } = bundled.outputFiles[0] as { contents: Uint8Array }
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`
  return `${kilobytes(contents.length)}, ${kilobytes(gzipSync(contents).length)} compressed`
}

console.log(`the SDK: ${await sizes("core", ["idb"])}`)
console.log(`with idb: ${await sizes("core")}`)
console.log(`with idb and socket.io-client: ${await sizes("index")}`)
