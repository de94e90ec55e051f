/** `pnpm run bench NAME [ARGS]`: one benchmark by name, or the list of them. Each prints ratios measured side by side. */
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../bootstrap/pnpm.mjs";

const folder = dirname(fileURLToPath(import.meta.url));
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".mjs") && file !== "run.mjs")
  .map((file) => file.slice(0, -4));
const [name, ...args] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  console.error(`usage: pnpm run bench NAME [ARGS], NAME one of: ${names.join(", ")}`);
  process.exit(2);
}
process.exit(run(process.execPath, [join(folder, `${name}.mjs`), ...args]));
