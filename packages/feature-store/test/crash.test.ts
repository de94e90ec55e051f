import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDifftapError } from "@difftap/core";
import {
  crashingFileSystem,
  everyCall,
  type FaultCode,
  type FileSystemRig,
  failingFileSystem,
} from "@difftap/core/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFeatureStore, openFeatureStore, type StoreDescription } from "../src/index.js";
import { bytesIn, contentOf, description, filledStore } from "./stores.js";

// Hundreds of whole stores are written here; memory makes that quick, and the calls are the same.
const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

const small: StoreDescription = {
  ...description,
  samples: 5,
  chunkSamples: 3,
  arrays: [{ name: "t50/b09", sampleShape: [6] }],
};

let scratch: string;
let reference: Map<string, Buffer>;
beforeAll(async () => {
  scratch = await mkdtemp(join(base, "difftap-crash-"));
  reference = await bytesIn((await filledStore(small)).path);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** The whole life of a store; returns the chunks whose writing ended. */
async function write(
  path: string,
  { fileSystem }: Pick<FileSystemRig, "fileSystem">,
  done: number[],
): Promise<void> {
  const writer = await createFeatureStore(path, small, { fileSystem });
  for (const chunk of await writer.pendingChunks()) {
    await writer.writeChunk(chunk, contentOf(small, writer.chunkRows(chunk)));
    done.push(chunk);
  }
  await writer.finish();
}

/** No file is half: each is what an undisturbed run writes, but for temporary ones and a root not yet marked complete. */
async function expectNothingHalf(path: string): Promise<void> {
  for (const [name, bytes] of await bytesIn(path)) {
    if (name.endsWith("temporary") || name === "zarr.json") continue;
    expect([name, bytes.equals(reference.get(name)!)]).toEqual([name, true]);
  }
  const store = await openFeatureStore(path).catch((error: unknown) => {
    if (!isDifftapError(error, "FILE_MISSING")) throw error;
  });
  for (const { reason } of (await store?.verify()) ?? []) expect(reason).toBe("the file is missing");
}

async function expectResumes(path: string, done: readonly number[]): Promise<void> {
  const writer = await createFeatureStore(path, small);
  const pending = await writer.pendingChunks();
  expect(pending.filter((chunk) => done.includes(chunk))).toEqual([]);
  for (const chunk of pending) await writer.writeChunk(chunk, contentOf(small, writer.chunkRows(chunk)));
  expect(await writer.finish()).toBe(true);
  expect(await bytesIn(path)).toEqual(reference);
}

describe("a process that dies at any call of its writing", () => {
  it.each(["nothing", "unsynced"] as const)(
    "leaves whole files and resumes to the same bytes (lost: %s)",
    async (loses) => {
      const points = await everyCall(
        (at) => crashingFileSystem(at, loses),
        async (rig, at) => {
          const path = join(scratch, `${loses}-${at}`);
          const done: number[] = [];
          await write(path, rig, done).catch(rig.expected);
          await expectNothingHalf(path);
          await expectResumes(path, done);
          await rm(path, { recursive: true });
        },
      );
      expect(points).toBeGreaterThan(120);
    },
    120_000,
  );
});

describe("a system that refuses any one call", () => {
  it.each<FaultCode>(["ENOSPC", "EIO", "EMFILE", "EACCES"])(
    "gives WRITE_FAILED, leaves nothing, resumes (%s)",
    async (code) => {
      const points = await everyCall(
        (at) => failingFileSystem(at, code),
        async (rig, at) => {
          const path = join(scratch, `${code}-${at}`);
          const done: number[] = [];
          const error = await write(path, rig, done).catch((thrown: unknown) => thrown);
          if (rig.struck) expect(isDifftapError(error, "WRITE_FAILED") && error.message).toContain(path);
          else expect(error).toBeUndefined();
          await expectNothingHalf(path);
          const names = existsSync(path) ? await readdir(path, { recursive: true }) : [];
          expect(names.filter((name) => name.endsWith("temporary"))).toEqual([]);
          await expectResumes(path, done);
          await rm(path, { recursive: true });
        },
      );
      expect(points).toBeGreaterThan(120);
    },
    120_000,
  );

  it("lets the same writer go on once there is room again", async () => {
    const path = join(scratch, "room-again");
    const full = failingFileSystem(3, "ENOSPC");
    await createFeatureStore(path, small);
    const writer = await createFeatureStore(path, small, { fileSystem: full.fileSystem });
    const content = contentOf(small, writer.chunkRows(0));
    await expect(writer.writeChunk(0, content)).rejects.toMatchObject({
      code: "WRITE_FAILED",
      exitCode: 1,
      hint: expect.stringContaining("disk is full"),
    });
    await writer.writeChunk(0, content);
    expect(await writer.pendingChunks()).toEqual([1]);
  });
});
