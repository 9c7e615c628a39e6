// Three builds into one folder, from which the server serves them: the pages, the script that a shop
// puts into its own site, and the service worker. The last two are single files with fixed names.

import { readFileSync } from "node:fs"
import { type BuildOptions, defineConfig, type Manifest } from "vite"

const OUT = new URL("../../chatserver/pages/", import.meta.url).pathname
const PAGES = ["index.html", "workbench.html", "widget.html", "demo.html", "demo/shop.html"]
const NODE = process.env.CHAT_URL ?? "http://localhost:8080" // for `npm run dev`

/** One file that needs no other. */
function script(entry: string, file: string): BuildOptions {
  return {
    outDir: OUT,
    emptyOutDir: false,
    copyPublicDir: false,
    rolldownOptions: { input: entry, output: { format: "iife", entryFileNames: file } },
  }
}

const BUILDS: Record<string, BuildOptions> = {
  widget: script("src/widget/loader.ts", "widget.js"),
  worker: script("src/worker/main.ts", "sw.js"),
}

/** What the worker keeps for offline: the page of customers with everything it loads. */
function shell(): string[] {
  const manifest: Manifest = JSON.parse(readFileSync(`${OUT}.vite/manifest.json`, "utf8"))
  const files = new Set<string>()
  const add = (name: string) => {
    const { file, css = [], imports = [] } = manifest[name] ?? { file: name }
    for (const path of [file, ...css]) files.add(`/${path}`)
    for (const other of imports) add(other)
  }
  add("index.html")
  return ["/", "/manifest.webmanifest", "/icon.svg", ...files]
}

export default defineConfig(({ mode }) => ({
  appType: "mpa",
  define: { SHELL: JSON.stringify(mode === "worker" ? shell() : []) },
  resolve: {
    alias: { "@chatserver/client": new URL("../sdk/src/index.ts", import.meta.url).pathname },
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: BUILDS[mode] ?? {
    outDir: OUT,
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0, // the pages' security policy loads files only
    modulePreload: { polyfill: false },
    rolldownOptions: { input: PAGES },
  },
  server: {
    proxy: {
      "/socket.io": { target: NODE, ws: true },
      "/demo/": NODE,
      "/pages.json": NODE,
    },
  },
}))
