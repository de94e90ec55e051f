import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { start } from "@difftap/testing/engines";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHead, loadHead } from "../src/index.js";
import { featuresFor, tapOf } from "./examples.js";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("../../..", import.meta.url));
const script = join(repository, "tooling/create-head/create-head.mjs");
let scratch = "";

const generate = (...given: string[]) =>
  run(process.execPath, [script, ...given], { env: { ...process.env, INIT_CWD: scratch } });

/** What `npm install` would put there. */
async function link(folder: string): Promise<void> {
  const links: [name: string, place: string][] = [
    ["@difftap/heads", "packages/heads"],
    ["@difftap/engine", "packages/engine"],
    ["@tensorflow/tfjs-core", "packages/heads/node_modules/@tensorflow/tfjs-core"],
    ["zod", "packages/heads/node_modules/zod"],
    ["vitest", "node_modules/vitest"],
  ];
  for (const scope of ["@difftap", "@tensorflow"]) {
    await mkdir(join(folder, "node_modules", scope), { recursive: true });
  }
  for (const [name, place] of links)
    await symlink(join(repository, place), join(folder, "node_modules", name));
}

beforeAll(async () => {
  await start("cpu");
  scratch = await mkdtemp(join(tmpdir(), "difftap-create-head-"));
  await generate("@me/my-head");
  await link(join(scratch, "my-head"));
  await mkdir(join(scratch, "node_modules/@me"), { recursive: true });
  await symlink(join(scratch, "my-head"), join(scratch, "node_modules/@me/my-head"));
});

afterAll(() => rm(scratch, { recursive: true }));

describe("pnpm create-head", () => {
  test("writes a package whose own test passes", async () => {
    const folder = join(scratch, "my-head");
    const vitest = join(repository, "node_modules/vitest/vitest.mjs");
    const { stdout } = await run(process.execPath, [vitest, "run", "--reporter=json"], { cwd: folder });
    const { numPassedTests, numTotalTests, success } = JSON.parse(stdout);
    expect({ success, numPassedTests }).toEqual({ success: true, numPassedTests: numTotalTests });
    expect(numTotalTests).toBeGreaterThan(20);
  });

  test("names it, and leaves no placeholder", async () => {
    const read = (file: string) => readFile(join(scratch, "my-head", file), "utf8");
    const manifest = JSON.parse(await read("package.json"));
    expect(manifest).toMatchObject({ name: "@me/my-head", exports: { ".": { default: "./src/index.js" } } });
    for (const range of Object.values({ ...manifest.peerDependencies, ...manifest.devDependencies })) {
      expect(range).toMatch(/^\^\d/);
    }
    for (const file of [
      "package.json",
      "README.md",
      "src/index.js",
      "src/index.d.ts",
      "test/contract.test.js",
    ]) {
      expect(await read(file)).not.toMatch(/\{\{|undefined/);
    }
  });

  test.each(["./my-head", "@me/my-head"])("its head loads as %s", async (given) => {
    const definition = await loadHead(given, { from: scratch });
    expect(definition.name).toBe("my-head");
    const taps = [tapOf(), tapOf({ timestep: 300 })];
    const head = createHead({ head: "my-head", spec: { pool: 1 }, taps, classes: 3, seed: 0 }, [definition]);
    expect(head.forward(featuresFor(taps), { training: false }).shape).toEqual([2, 3]);
    head.dispose();
  });
});

describe("pnpm create-head refuses", () => {
  test.each([
    ["no name", [], /usage: pnpm create-head NAME/],
    ["a name that npm would refuse", ["My Head"], /"My Head" is no package name/],
    ["an option", ["--help"], /usage/],
  ])("%s", async (_, given, message) => {
    await expect(generate(...given)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(message),
    });
  });

  test("a folder with something in it, which it leaves alone", async () => {
    const folder = join(scratch, "full");
    await mkdir(folder);
    await writeFile(join(folder, "mine.txt"), "mine");
    await expect(generate("other-head", "full")).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/full is not empty/),
    });
    expect(await readFile(join(folder, "mine.txt"), "utf8")).toBe("mine");
  });
});
