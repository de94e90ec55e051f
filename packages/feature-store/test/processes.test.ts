import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setImmediate, setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createFeatureStore, openFeatureStore } from "../src/index.js";
import { bytesIn, description, temporaryFolder } from "./stores.js";

const script = fileURLToPath(new URL("./shard-process.mjs", import.meta.url));

function start(path: string, index: number, count: number, pause = 0) {
  const child = spawn(process.execPath, [script, path, ...[index, count, pause].map(String)], {
    stdio: "pipe",
  });
  const output = { text: "", errors: "" };
  child.stdout.on("data", (data) => (output.text += data));
  child.stderr.on("data", (data) => (output.errors += data));
  return {
    child,
    output,
    chunks: () =>
      output.text
        .split("\n")
        .filter((line) => /^\d+$/.test(line))
        .map(Number),
  };
}

async function ended(child: ChildProcess): Promise<number | string> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode ?? child.signalCode!;
}

async function run(path: string, index = 0, count = 1) {
  const process = start(path, index, count);
  const code = await ended(process.child);
  expect([code, process.output.errors]).toEqual([0, ""]);
  return process;
}

const storePath = async () => join(await temporaryFolder(), "features.zarr");

const uninterrupted = (async () => {
  const path = await storePath();
  await run(path);
  return bytesIn(path);
})();

describe("processes that write one store", () => {
  it("make its folder at the same moment, and none takes another's claim for a stranger's files", async () => {
    for (let attempt = 0; attempt < 30; attempt++) {
      const path = await storePath();
      // Each begins some turns of the event loop after the one before, other numbers of them in each attempt.
      const begin = async (index: number) => {
        for (let turn = 0; turn < index * (attempt % 10); turn++) await setImmediate();
        return createFeatureStore(path, description);
      };
      const writers = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(begin));
      expect(new Set(writers.map(({ chunkCount }) => chunkCount)).size).toBe(1);
    }
  });

  it("at the same time, each its shard, make what one process makes", async () => {
    for (let attempt = 0; attempt < 3; attempt++) {
      const path = await storePath();
      const shards = [0, 1, 2].map((index) => start(path, index, 3));
      expect(await Promise.all(shards.map(({ child }) => ended(child)))).toEqual([0, 0, 0]);
      expect(shards.map(({ chunks }) => chunks().length)).toEqual([7, 8, 8]);
      expect(shards.some(({ output }) => output.text.includes("complete true"))).toBe(true);
      expect((await openFeatureStore(path)).complete).toBe(true);
      expect(await bytesIn(path)).toEqual(await uninterrupted);
    }
  });

  it("at the same time, all of it twice, do no harm", async () => {
    const path = await storePath();
    const twins = [start(path, 0, 1), start(path, 0, 1, 1)];
    const codes = await Promise.all(twins.map(({ child }) => ended(child)));
    expect([codes, twins.map(({ output }) => output.errors)]).toEqual([
      [0, 0],
      ["", ""],
    ]);
    expect(await bytesIn(path)).toEqual(await uninterrupted);
  });

  it("killed at random moments and started again, compute no finished chunk twice", async () => {
    const path = await storePath();
    const finished = new Set<number>();
    for (let kills = 0; kills < 4; kills++) {
      const process = start(path, 0, 1, 5);
      const victim = 1 + Math.floor(Math.random() * 4);
      while (process.chunks().length < victim) await setTimeout(2);
      await setTimeout(Math.random() * 20);
      process.child.kill("SIGKILL");
      expect(await ended(process.child)).toBe("SIGKILL");
      for (const chunk of process.chunks()) {
        expect(finished.has(chunk)).toBe(false);
        finished.add(chunk);
      }
    }
    const last = await run(path);
    for (const chunk of last.chunks()) expect(finished.has(chunk)).toBe(false);
    expect(last.output.text).toContain("complete true");
    expect(await bytesIn(path)).toEqual(await uninterrupted);
  });
});
