import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { start } from "@difftap/testing/engines";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHead, findHead, loadHead } from "../src/index.js";

const modules = fileURLToPath(new URL("../node_modules", import.meta.url));
let from = "";

/** A head without a library: the shape is what counts. */
const source = (name: string) => `
  import * as tf from "@tensorflow/tfjs-core";
  import { z } from "zod";
  export default {
    name: ${JSON.stringify(name)},
    spec: z.strictObject({ scale: z.number().default(2) }),
    build({ spec, classes }) {
      const bias = tf.tidy(() => tf.variable(tf.fill([classes], spec.scale)));
      const forward = (maps) => tf.add(tf.zeros([[...maps.values()][0].shape[0], classes]), bias);
      return { variables: new Map([["bias", bias]]), forward };
    },
  };`;

const files: Record<string, string> = {
  "plain.mjs": source("plain"),
  "folder/package.json": JSON.stringify({ name: "my-head", type: "module", main: "entry.js" }),
  "folder/entry.js": source("from-main"),
  "exporting/package.json": JSON.stringify({
    name: "exporting",
    type: "module",
    exports: { ".": { import: "./src/head.js" } },
  }),
  "exporting/src/head.js": source("from-exports"),
  "node_modules/@me/installed/package.json": JSON.stringify({
    name: "@me/installed",
    type: "module",
    exports: { import: "./head.js" },
  }),
  "node_modules/@me/installed/head.js": source("installed"),
  "node_modules/closed/package.json": JSON.stringify({
    name: "closed",
    type: "module",
    exports: { "./inner": "./head.js" },
  }),
  "taken.mjs": source("linear"),
  "named.mjs": 'export const head = { name: "named" }; export const other = 1;',
  "empty.mjs": "",
  "no-head.mjs": 'export default { name: "", spec: {}, build: 3 };',
  "number.mjs": "export default 7;",
  "broken.mjs": "export default {;",
  "throwing.mjs": 'throw new Error("not today");',
  "nameless/package.json": JSON.stringify({ type: "module", exports: "./head.js" }),
  "garbled/package.json": "{",
  "bare/readme.txt": "no package",
};

beforeAll(async () => {
  await start("cpu");
  from = await mkdtemp(join(tmpdir(), "difftap-heads-"));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(from, name)), { recursive: true });
    await writeFile(join(from, name), content);
  }
  for (const name of ["zod", "@tensorflow"]) {
    await symlink(join(modules, name), join(from, "node_modules", name));
  }
});

afterAll(() => rm(from, { recursive: true }));

test("a head of this package comes by its name", async () => {
  expect(await loadHead("difformer")).toBe(findHead("difformer"));
});

test.each([
  ["./plain.mjs", "plain"],
  ["./folder", "from-main"],
  ["./folder/entry.js", "from-main"],
  ["./exporting", "from-exports"],
  ["@me/installed", "installed"],
])("%s is loaded and built", async (given, name) => {
  const definition = await loadHead(given, { from });
  expect(definition.name).toBe(name);
  const tap = { name: "t1/b1", block: 1, timestep: 1, channels: 3, height: 2, width: 2 };
  const head = createHead({ head: name, taps: [tap], classes: 4, seed: 0 }, [definition]);
  expect(await head.variables.get("bias")!.data()).toEqual(new Float32Array([2, 2, 2, 2]));
  head.dispose();
});

test("an absolute path does not depend on the folder", async () => {
  expect((await loadHead(join(from, "plain.mjs"))).name).toBe("plain");
});

describe("refused", () => {
  const cases: [string, string, RegExp][] = [
    ["./missing.mjs", "FILE_MISSING", /missing\.mjs is not there/],
    ["./bare", "FILE_MISSING", /bare\/package\.json is not there/],
    ["difforme", "CONFIG_INVALID", /no head named "difforme", and no package of that name/],
    ["closed", "CONFIG_INVALID", /package "closed" has no entry/],
    ["./nameless", "CONFIG_INVALID", /does not say where the package "" begins/],
    ["./garbled", "CONFIG_INVALID", /package\.json is not JSON/],
    ["./named.mjs", "CONFIG_INVALID", /has no default export, it exports head, other/],
    ["./empty.mjs", "CONFIG_INVALID", /has no default export, it exports nothing/],
    ["./number.mjs", "CONFIG_INVALID", /what is no head: it is number/],
    [
      "./no-head.mjs",
      "CONFIG_INVALID",
      /its name is no text; its spec is no zod schema; its build is no function/,
    ],
    ["./broken.mjs", "CONFIG_INVALID", /cannot be imported: /],
    ["./throwing.mjs", "CONFIG_INVALID", /cannot be imported: not today/],
    ["./taken.mjs", "CONFIG_INVALID", /calls itself "linear", which is taken/],
  ];

  test.each(cases)("%s: %s", async (given, code, message) => {
    await expect(loadHead(given, { from })).rejects.toThrow(
      expect.objectContaining({
        code,
        message: expect.stringMatching(message),
        hint: expect.stringMatching(/./),
      }),
    );
  });

  test("an unknown name with the nearest known one", async () => {
    await expect(loadHead("difforme", { from })).rejects.toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/did you mean "difformer"\?/) }),
    );
  });
});
