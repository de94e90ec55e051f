/**
 * Writes a package with a head of its own, and its test, which passes at once.
 *   pnpm create-head NAME [FOLDER]
 * NAME is the package's name; without its scope it is the head's. FOLDER is ./NAME unless given, and must be new or empty.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const repository = resolve(here, "../..");
const template = join(here, "template");
const SUFFIX = ".template";
/** npm's rule for new packages, and its limit. */
const PACKAGE_NAME = /^(@[a-z0-9-~][a-z0-9-._~]*\/)?[a-z0-9-~][a-z0-9-._~]*$/;
const LONGEST_NAME = 214;

const [name, folder, ...rest] = process.argv.slice(2);
if (!name || rest.length > 0 || name.startsWith("-")) stop("usage: pnpm create-head NAME [FOLDER]");
if (!PACKAGE_NAME.test(name) || name.length > LONGEST_NAME) {
  stop(
    `"${name}" is no package name: take lower-case letters, digits and dashes, such as my-head or @me/my-head`,
  );
}
const head = name.split("/").at(-1);
// pnpm runs scripts in the repository; the path is meant from where the command was typed.
// biome-ignore lint/suspicious/noUndeclaredEnvVars: pnpm sets it, and no cached task reads it
const target = resolve(process.env.INIT_CWD ?? process.cwd(), folder ?? head);
if (existsSync(target) && readdirSync(target).length > 0) stop(`${target} is not empty`);

const values = { package: name, head, path: `./${basename(target)}`, ...versions() };
const files = templateFiles();
for (const file of files) writeFilled(file);
console.log(`${target}: ${files.map((file) => file.slice(0, -SUFFIX.length)).join(", ")}`);
console.log(`next: cd ${target} && npm install && npm test`);

function stop(message) {
  console.error(message);
  process.exit(2);
}

/** Ranges that fit this version of difftap. */
function versions() {
  const manifest = (path) => JSON.parse(readFileSync(join(repository, path, "package.json"), "utf8"));
  const catalog = readFileSync(join(repository, "pnpm-workspace.yaml"), "utf8");
  const shared = (dependency) => new RegExp(`^  "?${dependency}"?: (.+)$`, "m").exec(catalog)[1];
  return {
    heads: `^${manifest("packages/heads").version}`,
    engine: `^${manifest("packages/engine").version}`,
    vitest: manifest(".").devDependencies.vitest,
    tfjs: shared("@tensorflow/tfjs-core"),
    zod: shared("zod"),
  };
}

function templateFiles() {
  return readdirSync(template, { recursive: true }).filter((file) => file.endsWith(SUFFIX));
}

function writeFilled(file) {
  const text = readFileSync(join(template, file), "utf8");
  const path = join(target, file.slice(0, -SUFFIX.length));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    text.replaceAll(/\{\{(\w+)\}\}/g, (_, key) => values[key]),
  );
}
