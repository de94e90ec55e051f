import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readdir, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDifftapError } from "@difftap/core";
import { afterAll, describe, expect, it } from "vitest";
import { createFeatureStore, type StoreDescription } from "../src/index.js";
import { bytesIn, contentOf, description, filledStore } from "./stores.js";

/** A real file system of 512 kB, or the reason why there is none. */
function mountSmallDisk(): { path: string } | { reason: string } {
  const path = mkdtempSync(join(tmpdir(), "difftap-full-"));
  try {
    execFileSync("/bin/mount", ["-t", "tmpfs", "-o", "size=512k", "tmpfs", path], { stdio: "pipe" });
    return { path };
  } catch (error) {
    rmSync(path, { recursive: true });
    return { reason: String(error).split("\n")[0]! };
  }
}

const disk = mountSmallDisk();
const title = "reason" in disk ? `a full disk (skipped: ${disk.reason})` : "a full disk";

const wide: StoreDescription = { ...description, arrays: [{ name: "t50/b09", sampleShape: [4096] }] };

describe.skipIf("reason" in disk)(title, () => {
  const path = "path" in disk ? disk.path : "";
  afterAll(() => {
    execFileSync("/bin/umount", [path]);
    rmSync(path, { recursive: true });
  });

  it("is WRITE_FAILED, leaves whole files only, and the store goes on once there is room", async () => {
    // Three chunks of 64 kB; room for two.
    const ballast = join(path, "ballast");
    await writeFile(ballast, new Uint8Array(300 * 1024));
    const store = join(path, "features.zarr");
    const writer = await createFeatureStore(store, wide);
    const written: number[] = [];
    const writeAll = async () => {
      for (const chunk of await writer.pendingChunks()) {
        await writer.writeChunk(chunk, contentOf(wide, writer.chunkRows(chunk)));
        written.push(chunk);
      }
    };
    const error = await writeAll().catch((thrown: unknown) => thrown);
    expect(isDifftapError(error, "WRITE_FAILED") && error.hint).toContain("the disk is full");
    expect(written.length).toBeLessThan(3);
    const names = await readdir(store, { recursive: true });
    expect(names.filter((name) => name.endsWith("temporary"))).toEqual([]);
    await unlink(ballast);
    await writeAll();
    expect(written).toEqual([0, 1, 2]);
    expect(await writer.finish()).toBe(true);
    expect(await bytesIn(store)).toEqual(await bytesIn((await filledStore(wide)).path));
  });
});
