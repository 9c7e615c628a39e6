import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8")
const readme = read("../WIDGET.md")
const source = read("../src/widget/settings.ts") + read("../src/widget/messages.ts")

/** The members of an interface. */
function members(name: string): string[] {
  const [, body = ""] = new RegExp(`interface ${name}[^{]*{\n(.*?)\n}`, "s").exec(source) ?? []
  return [...body.matchAll(/^ {2}(\w+)[?(:]/gm)].map(([, member]) => member ?? "")
}

test("every setting and method of the widget is told of", () => {
  const settings = [...members("ChatSettings"), ...members("Look")]
  const methods = members("ChatWidget")
  assert.ok(settings.length >= 8)
  assert.ok(methods.length >= 6)
  for (const name of settings) assert.match(readme, new RegExp(`^\\| \`${name}\` \\|`, "m"))
  for (const name of methods) assert.match(readme, new RegExp(`^\\|.*\`${name}\\(`, "m"))
})
