/** .safetensors: round trips, the format's rules, atomic writing. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import {
  DifftapError,
  type DType,
  type FileSystem,
  type NdArray,
  ndarray,
  nodeFileSystem,
} from "@difftap/core";
import { describe, expect, it } from "vitest";
import {
  copyToSafetensors,
  memoryWeights,
  openWeights,
  weightsDigest,
  writeSafetensors,
} from "../src/index.js";
import { plain, readAll, scratch } from "./support/scratch.js";

const file = scratch();
const arrays: Record<string, NdArray> = {
  weight: ndarray("float32", [2, 3], Float32Array.of(1, -2, 3.5, Number.NaN, 0, -0)),
  half: ndarray("float16", [3], Uint16Array.of(0x3c00, 0x7e00, 1)),
  brain: ndarray("bfloat16", [1, 1], Uint16Array.of(0x3f80)),
  double: ndarray("float64", [2], Float64Array.of(Math.PI, -1e300)),
  long: ndarray("int64", [2], BigInt64Array.of(-1n, 2n ** 62n)),
  int: ndarray("int32", [1], Int32Array.of(-5)),
  short: ndarray("int16", [1], Int16Array.of(-5)),
  byte: ndarray("int8", [1], Int8Array.of(-5)),
  "a.b.flags": ndarray("bool", [3], Uint8Array.of(1, 0, 1)),
  __proto__x: ndarray("uint8", [2], Uint8Array.of(1, 255)),
  empty: ndarray("float32", [0, 4]),
  scalar: ndarray("float32", [], Float32Array.of(7)),
};

describe("round trip", () => {
  it("holds every dtype of ours", async () => {
    const dtypes = new Set(Object.values(arrays).map(({ dtype }) => dtype));
    const all: DType[] = [
      "float64",
      "float32",
      "float16",
      "bfloat16",
      "int64",
      "int32",
      "int16",
      "int8",
      "uint8",
      "bool",
    ];
    expect([...dtypes].sort()).toEqual(all.sort());
  });

  it("keeps every dtype, shape, name and bit, and the metadata", async () => {
    const path = file("round.safetensors");
    await writeSafetensors(path, arrays, { format: "pt", note: "ü" });
    expect(plain(await readAll(path))).toEqual(plain(arrays));
    const weights = await openWeights(path);
    expect(weights.metadata).toEqual({ format: "pt", note: "ü" });
    await weights.close();
  });

  it("takes any iterable, and lays tensors aligned, whatever the order given", async () => {
    const [one, other] = [file("one.safetensors"), file("other.safetensors")];
    await writeSafetensors(one, Object.entries(arrays));
    await writeSafetensors(other, new Map(Object.entries(arrays).reverse()));
    expect(await weightsDigest(one)).toBe(await weightsDigest(other));
  });

  it("copies a source tensor by tensor, with progress", async () => {
    const path = file("copy.safetensors");
    const totals: number[] = [];
    const source = memoryWeights(arrays, { from: "memory" });
    await copyToSafetensors(source, path, {
      onProgress: ({ done, total }) => totals.push(done / (total as number)),
    });
    expect(plain(await readAll(path))).toEqual(plain(arrays));
    expect(totals.at(-1)).toBe(1);
    expect(totals).toHaveLength(Object.keys(arrays).length);
  });

  it("digests the file", async () => {
    const path = file("digest.bin", Buffer.alloc(9 << 20, 7));
    expect(await weightsDigest(path)).toBe(createHash("sha256").update(readFileSync(path)).digest("hex"));
    await expect(weightsDigest(file("nowhere"))).rejects.toMatchObject({ code: "FILE_MISSING" });
  });

  it("gives memoryWeights' arrays as they are", async () => {
    const source = memoryWeights(arrays);
    expect(await source.read("half")).toBe(arrays.half);
    expect([...source.tensors.keys()]).toEqual(Object.keys(arrays));
    await expect(source.read("hafl")).rejects.toMatchObject({ hint: expect.stringContaining('"half"') });
  });
});

describe("writing", () => {
  it.each<[string, () => Promise<void>]>([
    [
      "a duplicate name",
      () =>
        writeSafetensors(file("x"), [
          ["a", arrays.int as NdArray],
          ["a", arrays.int as NdArray],
        ]),
    ],
    ["the reserved name", () => writeSafetensors(file("x"), { __metadata__: arrays.int as NdArray })],
    ["metadata that is not text", () => writeSafetensors(file("x"), {}, { epoch: 3 as unknown as string })],
    [
      "data that does not fit its shape",
      () => writeSafetensors(file("x"), { a: { dtype: "int32", shape: [3], data: Int32Array.of(1) } }),
    ],
  ])("refuses %s", async (_, write) => {
    await expect(write()).rejects.toMatchObject({ code: "USAGE_INVALID" });
    expect(readdirSync(dirname(file("x")))).not.toContain("x");
  });

  it("says WRITE_FAILED where it may not write", async () => {
    const path = file("not-a-folder", Buffer.from("file"));
    await expect(writeSafetensors(`${path}/w.safetensors`, arrays)).rejects.toMatchObject({
      code: "WRITE_FAILED",
    });
  });

  it("stops at a signal and leaves the old file", async () => {
    const path = file("kept.safetensors");
    await writeSafetensors(path, { old: arrays.int as NdArray });
    const signal = AbortSignal.abort();
    await expect(copyToSafetensors(memoryWeights(arrays), path, { signal })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect(Object.keys(await readAll(path))).toEqual(["old"]);
  });

  it("leaves the old file or the new one when any call to the system fails", async () => {
    const path = file("crash/w.safetensors");
    await writeSafetensors(path, { old: arrays.int as NdArray });
    let failures = 0;
    for (let failing = 1; ; failing++) {
      const error = await writeSafetensors(path, arrays, {}, { fileSystem: failingAt(failing) }).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      if (error === null) break;
      failures++;
      expect(error).toBeInstanceOf(DifftapError);
      expect(error).toMatchObject({ code: "WRITE_FAILED", details: { path, errno: "ENOSPC" } });
      expect(["old", Object.keys(arrays).sort().join()]).toContain(
        Object.keys(await readAll(path))
          .sort()
          .join(),
      );
      expect(readdirSync(dirname(path))).toEqual(["w.safetensors"]);
    }
    // mkdir, open, header and 12 tensors, sync, rename, open folder, sync folder.
    expect(failures).toBe(2 + 13 + 4);
    expect(plain(await readAll(path))).toEqual(plain(arrays));
  });
});

/** The real file system whose nth call finds the disk full. */
function failingAt(nth: number): FileSystem {
  let calls = 0;
  const counted = <T>(work: () => Promise<T>): Promise<T> => {
    calls++;
    if (calls === nth)
      return Promise.reject(Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" }));
    return work();
  };
  return {
    ...nodeFileSystem,
    mkdir: (path, options) => counted(() => nodeFileSystem.mkdir(path, options)),
    rename: (from, to) => counted(() => nodeFileSystem.rename(from, to)),
    open: (path, flags) =>
      counted(async () => {
        const opened = await nodeFileSystem.open(path, flags);
        return {
          writeFile: (content) => counted(() => opened.writeFile(content)),
          sync: () => counted(() => opened.sync()),
          close: () => opened.close(),
        };
      }),
  };
}
