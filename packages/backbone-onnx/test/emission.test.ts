import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { macsUpTo } from "@difftap/backbone";
import { describe, expect, test } from "vitest";
import { pooledSide, poolingMatrix } from "../src/emission/pooling.js";
import { emitUnet, loadWeights } from "../src/index.js";
import { divideCores } from "../src/workers/divide-cores.js";
import { architectures, small, weightsOf } from "./architectures.js";

test("nothing beyond the deepest tap is emitted and none of its weights is read", () => {
  const upTo = (block: number) => emitUnet({ architecture: small, taps: [{ block, pool: 1 }] });
  const sizes = Array.from({ length: 10 }, (_, index) => upTo(index + 1));
  for (let block = 1; block < sizes.length; block += 1) {
    expect(sizes[block]!.model.length).toBeGreaterThan(sizes[block - 1]!.model.length);
    expect(sizes[block]!.layout.byteLength).toBeGreaterThan(sizes[block - 1]!.layout.byteLength);
  }
  const sources = upTo(5).layout.weights.flatMap((weight) => weight.sources);
  expect(sources.some((name) => name.startsWith("output_blocks") || name.startsWith("out."))).toBe(false);
  expect(sources).toContain("middle_block.2.out_layers.3.weight");
  expect(macsUpTo(small, { height: 16, width: 16 })[4]).toBeGreaterThan(0);
});

test("external data is aligned, has no overlap and stays outside the model", () => {
  const { model, layout } = emitUnet({ architecture: small, taps: [{ block: 10, pool: 1 }] });
  let end = 0;
  for (const { place } of layout.weights) {
    expect(place.offset % 64).toBe(0);
    expect(place.offset).toBeGreaterThanOrEqual(end);
    end = place.offset + place.length;
  }
  expect(layout.byteLength).toBeGreaterThanOrEqual(end);
  expect(model.length).toBeLessThan(layout.byteLength / 4);
});

test("a replaced block is what its taps and everything after it see", () => {
  const replaced: number[] = [];
  const emit = (block: number) =>
    emitUnet({
      architecture: small,
      taps: [{ block, pool: "map" }],
      replace: ({ number }, value, ops) => {
        if (number !== 2) return undefined;
        replaced.push(number);
        return ops.add(value, value);
      },
    });
  const plain = emitUnet({ architecture: small, taps: [{ block: 2, pool: "map" }] });
  expect(emit(2).model.length).toBeGreaterThan(plain.model.length);
  expect(replaced).toEqual([2]);
});

test.each([
  [8, 3],
  [7, 2],
  [6, 4],
  [5, 5],
  [9, 1],
])("pooling matrix of %d places into %d cells has PyTorch's windows", (places, cells) => {
  const matrix = poolingMatrix(places, cells);
  for (let cell = 0; cell < cells; cell += 1) {
    const row = matrix.subarray(cell * places, (cell + 1) * places);
    const [start, end] = [Math.floor((cell * places) / cells), Math.ceil(((cell + 1) * places) / cells)];
    row.forEach((value, place) => {
      expect(value).toBe(place >= start && place < end ? Math.fround(1 / (end - start)) : 0);
    });
  }
});

test("asking for more cells than places keeps the places", () => {
  expect(pooledSide(4, 7)).toBe(4);
  expect(pooledSide(7, 4)).toBe(4);
});

test("small networks get a worker per core, large ones one worker with all cores", () => {
  expect(divideCores(8, 11e6, {})).toEqual({ workers: 8, threads: 1 });
  expect(divideCores(8, 2.2e9, {})).toEqual({ workers: 1, threads: 8 });
  expect(divideCores(8, 0.4e9, {})).toEqual({ workers: 2, threads: 4 });
  expect(divideCores(8, 11e6, { workers: 3 })).toEqual({ workers: 3, threads: 2 });
  expect(divideCores(8, 11e6, { threads: 4 })).toEqual({ workers: 2, threads: 4 });
});

const python =
  process.env.DIFFTAP_PYTHON ?? fileURLToPath(new URL("../../../.cache/judge/bin/python", import.meta.url));
const PROGRAM = `
import sys, numpy, onnx, onnxruntime
onnx.checker.check_model(sys.argv[1])
session = onnxruntime.InferenceSession(sys.argv[1])
rows = 2 if any(i.name == "labels" for i in session.get_inputs()) else 1
feeds = {"images": numpy.full((2, 3, 16, 16), 9, "uint8"), "noise": numpy.ones((2, 3, 16, 16), "float32")}
feeds |= {name: numpy.full(rows, 0.5, "float32") for name in ("signal", "sigma", "timesteps")}
if rows == 2: feeds["labels"] = numpy.array([0, 1], "int32")
print([list(output.shape) for output in session.run(None, feeds)])
`;

describe.skipIf(!existsSync(python))(
  "judged by Python's onnx and onnxruntime (skipped without DIFFTAP_PYTHON)",
  () => {
    test.each(Object.keys(architectures))(
      "%s: checked, loaded and run",
      async (name) => {
        const architecture = architectures[name]!;
        const taps = [2, 9, 10].map((block) => ({ block, pool: 3 }));
        const { model, layout, outputs } = emitUnet({ architecture, taps });
        const folder = mkdtempSync(join(tmpdir(), "backbone-onnx-"));
        writeFileSync(join(folder, "model.onnx"), model);
        writeFileSync(join(folder, "weights.bin"), await loadWeights(layout, weightsOf(architecture)));
        const said = execFileSync(python, ["-c", PROGRAM, join(folder, "model.onnx")], { encoding: "utf8" });
        rmSync(folder, { recursive: true });
        expect(JSON.parse(said)).toEqual(outputs.map(({ shape }) => [2, ...shape]));
      },
      60_000,
    );
  },
);
