/** .pt as we write it: through our own reader, past zip64's borders, and before PyTorch as judge. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type NdArray, ndarray } from "@difftap/core";
import { crashingFileSystem, everyCall } from "@difftap/core/testing";
import { describe, expect, it } from "vitest";
import { copyToTorch, memoryWeights, writeTorch } from "../src/index.js";
import { zipPieces } from "../src/zip/write.js";
import { plain, readAll, scratch } from "./support/scratch.js";

const python = process.env.DIFFTAP_PYTHON ?? resolve(import.meta.dirname, "../../../.cache/judge/bin/python");
const missing = !existsSync(python);
const file = scratch();

const arrays: Record<string, NdArray> = {
  "input_blocks.0.0.weight": ndarray("float32", [2, 3, 1], Float32Array.of(1, -2, 3.5, Number.NaN, 0, -0)),
  half: ndarray("float16", [3], Uint16Array.of(0x3c00, 0x7e00, 1)),
  brain: ndarray("bfloat16", [1, 1], Uint16Array.of(0x3f80)),
  double: ndarray("float64", [2], Float64Array.of(Math.PI, -1e300)),
  long: ndarray("int64", [2], BigInt64Array.of(-1n, 2n ** 62n)),
  int: ndarray("int32", [1], Int32Array.of(-5)),
  short: ndarray("int16", [1], Int16Array.of(-5)),
  byte: ndarray("int8", [1], Int8Array.of(-5)),
  flags: ndarray("bool", [3], Uint8Array.of(1, 0, 1)),
  ümlaut: ndarray("uint8", [300], new Uint8Array(300).fill(7)),
  empty: ndarray("float32", [0, 4]),
  scalar: ndarray("float32", [], Float32Array.of(7)),
};

describe("what writeTorch writes", () => {
  it("comes back through our own reader, every dtype and shape", async () => {
    await writeTorch(file("ours.pt"), arrays);
    expect(plain(await readAll(file("ours.pt")))).toEqual(plain(arrays));
  });

  it("keeps the order of the tensors and begins each storage at a multiple of 64", async () => {
    await writeTorch(file("order.pt"), arrays);
    expect(Object.keys(await readAll(file("order.pt")))).toEqual(Object.keys(arrays));
    const bytes = readFileSync(file("order.pt"));
    for (const index of Object.keys(arrays).keys()) {
      const at = bytes.indexOf(`archive/data/${index}`);
      const extra = bytes.readUInt16LE(at - 2);
      expect((at + `archive/data/${index}`.length + extra) % 64, `storage ${index}`).toBe(0);
    }
  });

  it("is the old file or the new one after any crash", async () => {
    await everyCall(crashingFileSystem, async ({ fileSystem, expected }, at) => {
      const path = file(`crash-${at}/model.pt`);
      await writeTorch(path, { a: ndarray("float32", [2]) });
      const old = readFileSync(path);
      await writeTorch(path, arrays, { fileSystem }).catch(expected);
      const now = readFileSync(path);
      if (!now.equals(old)) expect(plain(await readAll(path))).toEqual(plain(arrays));
    });
  });

  it("refuses data that does not fit its shape, and leaves nothing behind", async () => {
    const broken = { ...ndarray("float32", [2]), data: new Float32Array(3) };
    const path = file("broken/model.pt");
    await expect(writeTorch(path, { w: broken })).rejects.toMatchObject({
      code: "USAGE_INVALID",
      message: expect.stringContaining('"w" has 3 elements'),
    });
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  it("holds more members than a zip without zip64 can count", { timeout: 60_000 }, async () => {
    const many = Object.fromEntries(
      Array.from({ length: 66_000 }, (_, i) => [`t${i}`, ndarray("uint8", [1], Uint8Array.of(i % 256))]),
    );
    const names = Object.keys(many);
    const pieces: Uint8Array[] = [];
    const members = names.map((name) => ({
      name,
      size: 1,
      read: async () => many[name]!.data as Uint8Array,
    }));
    for await (const piece of zipPieces(members)) pieces.push(piece);
    writeFileSync(file("many.zip"), Buffer.concat(pieces));
    const { openZip } = await import("../src/zip/archive.js");
    const { openRandomAccess } = await import("../src/random-access-file.js");
    const opened = await openRandomAccess(file("many.zip"));
    const archive = await openZip(opened);
    expect(archive.members.size).toBe(66_000);
    expect(await archive.readMember(archive.members.get("t65999")!)).toEqual(Uint8Array.of(65_999 % 256));
    await opened.close();
  });
});

describe.skipIf(missing)(`PyTorch${missing ? " (skipped: DIFFTAP_PYTHON is not there)" : ""}`, () => {
  it("loads it with weights_only, mapped into memory too, and finds the same bits", {
    timeout: 150_000,
  }, async () => {
    await copyToTorch(memoryWeights(arrays), file("judged.pt"));
    const said = execFileSync(
      python,
      [
        "-c",
        `
import json, torch
for mapped in (False, True):
    state = torch.load(${JSON.stringify(file("judged.pt"))}, weights_only=True, mmap=mapped)
    out = {k: [str(v.dtype), list(v.shape), v.reshape(-1).view(torch.uint8).numpy().tobytes().hex()] for k, v in state.items()}
    print(json.dumps([type(state).__name__, out]))
torch.save(state, ${JSON.stringify(file("theirs.pt"))})
`,
      ],
      { encoding: "utf8", timeout: 120_000 },
    );
    const ours = plain(arrays) as Record<string, { dtype: string; shape: number[]; bytes: string }>;
    const expected = Object.fromEntries(
      Object.entries(ours).map(([name, { dtype, shape, bytes }]) => [name, [`torch.${dtype}`, shape, bytes]]),
    );
    for (const line of said.trim().split("\n")) expect(JSON.parse(line)).toEqual(["OrderedDict", expected]);
    expect(plain(await readAll(file("theirs.pt")))).toEqual(plain(arrays));
  });
});
