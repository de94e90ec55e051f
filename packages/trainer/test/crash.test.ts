/** The writers of a run killed at every call to the file system, then resumed. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeFileSystem } from "@difftap/core";
import { crashingFileSystem, everyCall, failingFileSystem } from "@difftap/core/testing";
import { selectEngine } from "@difftap/engine";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TrainOptions, train } from "../src/index.js";
import { fullRecipe, learnable, linearModel } from "./model.js";

const root = mkdtempSync(join(tmpdir(), "trainer-crash-"));
const { source } = learnable(32);
const recipe = { ...fullRecipe, warmUp: { steps: 1 }, duration: { steps: 3 } } as const;

async function run(name: string, fileSystem: TrainOptions["fileSystem"]) {
  const model = linearModel();
  const folder = join(root, name);
  try {
    await train({
      model,
      source,
      validation: source,
      recipe,
      folder,
      fileSystem,
      checkpointEvery: { steps: 1 },
    });
    return model.weights();
  } finally {
    model.dispose();
  }
}

const metricsOf = (name: string) => readFileSync(join(root, name, "metrics.jsonl"), "utf8");
/** Events without their times. */
const eventsOf = (name: string) =>
  readFileSync(join(root, name, "tensorboard", "events.out.tfevents.difftap")).length;

let whole: number[];
beforeAll(async () => {
  await selectEngine("cpu");
  whole = await run("whole", nodeFileSystem);
});

afterAll(() => {
  rmSync(root, { recursive: true });
});

test("after any crash a run is resumed to the same weights, metrics and events", async () => {
  const calls = await everyCall(
    (at) => crashingFileSystem(at, "nothing"),
    async ({ fileSystem, expected }, at) => {
      const name = `crash-${at}`;
      await run(name, fileSystem).catch(expected);
      expect(await run(name, nodeFileSystem), name).toEqual(whole);
      expect(metricsOf(name), name).toBe(metricsOf("whole"));
      expect(eventsOf(name), name).toBe(eventsOf("whole"));
    },
  );
  expect(calls).toBeGreaterThan(50);
});

test("after any power cut a run is resumed to the same weights", async () => {
  await everyCall(crashingFileSystem, async ({ fileSystem, expected }, at) => {
    const name = `cut-${at}`;
    await run(name, fileSystem).catch(expected);
    expect(await run(name, nodeFileSystem), name).toEqual(whole);
  });
});

test("a full disk is WRITE_FAILED, and what was there stays whole", async () => {
  await everyCall(
    (at) => failingFileSystem(at, "ENOSPC"),
    async ({ fileSystem, expected }, at) => {
      const name = `full-${at}`;
      await run(name, fileSystem).catch((error: { code: string }) => {
        expect(error.code).toBe("WRITE_FAILED");
        expected(error);
      });
      const files = await readdir(join(root, name, "checkpoints")).catch(() => []);
      expect(files.filter((file) => file.endsWith("temporary"))).toEqual([]);
      expect(await run(name, nodeFileSystem), name).toEqual(whole);
    },
  );
});
