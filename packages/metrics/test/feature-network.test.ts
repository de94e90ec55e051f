import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ndarray } from "@difftap/core";
import { createGraph, type Dimension } from "@difftap/onnx-graph";
import { expect, test } from "vitest";
import { openFeatureNetwork } from "../dist/index.js";
import { resizeBilinear } from "../src/distances/bilinear.js";

const folder = mkdtempSync(join(tmpdir(), "difftap-network-"));

/** A network that gives each channel's mean and its largest value: [N, 6]. */
function network(name: string, shape: Dimension[], { pooled = true, inputs = 1 } = {}) {
  const graph = createGraph({ name: "means" });
  const x = graph.input("x", "float32", shape);
  const features = graph.node(
    "Concat",
    [graph.node("GlobalAveragePool", [x]), graph.node("GlobalMaxPool", [x])],
    {
      axis: 1,
    },
  );
  if (inputs > 1) graph.input("mask", "float32", ["batch"]);
  graph.output(pooled ? features : x, "features", "float32", pooled ? ["batch", "features", 1, 1] : shape);
  const path = join(folder, name);
  writeFileSync(path, graph.encode());
  return path;
}

const images = ndarray(
  "uint8",
  [2, 3, 4, 6],
  Uint8Array.from({ length: 144 }, (_, index) => (index * 37) % 256),
);

test("images of any size are given in [0, 1] as they are where the network takes any", async () => {
  const opened = await openFeatureNetwork(network("free.onnx", ["batch", 3, "height", "width"]));
  expect(opened.size).toBeNull();
  expect(opened.digest).toMatch(/^[0-9a-f]{64}$/);
  const { shape, data } = await opened.features(images);
  expect(shape).toEqual([2, 6]);
  for (let plane = 0; plane < 6; plane++) {
    const values = Array.from(images.data.subarray(24 * plane, 24 * plane + 24), (value) => value / 255);
    const at = Math.floor(plane / 3) * 6 + (plane % 3);
    expect(data[at]).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / 24, 6);
    expect(data[at + 3]).toBeCloseTo(Math.max(...values), 6);
  }
  await opened.close();
});

test("images are resized where the network names its size", async () => {
  const opened = await openFeatureNetwork(network("fixed.onnx", [1, 3, 2, 3]));
  expect(opened.size).toEqual({ height: 2, width: 3 });
  const { data } = await opened.features(images);
  // Halved, every new place lies in the middle of four old ones: the mean stays.
  const first = images.data.subarray(0, 24).reduce((sum, value) => sum + value, 0) / 24 / 255;
  expect(data[0]).toBeCloseTo(first, 6);
  await opened.close();
});

test("bilinear resizing is PyTorch's: half-pixel centres, edges held", () => {
  const line = Float32Array.of(0, 1, 4);
  const wide = resizeBilinear(line, { height: 1, width: 3 }, { height: 1, width: 6 });
  expect(Array.from(wide)).toEqual([0, 0.25, 0.75, 1.75, 3.25, 4]);
  const square = resizeBilinear(
    Float32Array.of(0, 2, 4, 6),
    { height: 2, width: 2 },
    { height: 4, width: 2 },
  );
  expect(Array.from(square)).toEqual([0, 2, 1, 3, 3, 5, 4, 6]);
});

test.each([
  ["none.onnx", undefined, "FILE_MISSING", "none.onnx"],
  ["two.onnx", () => network("two.onnx", ["batch", 3, 8, 8], { inputs: 2 }), "DATA_REFUSED", "2 inputs"],
  ["grey.onnx", () => network("grey.onnx", ["batch", 1, 8, 8]), "DATA_REFUSED", "float32 [batch, 1, 8, 8]"],
  ["eight.onnx", () => network("eight.onnx", [8, 3, 8, 8]), "DATA_REFUSED", "8 images at a time"],
  [
    "text.onnx",
    () => writeFileSync(join(folder, "text.onnx"), "no network"),
    "DATA_REFUSED",
    "does not load",
  ],
])("%s is refused", async (name, make, code, said) => {
  make?.();
  await expect(openFeatureNetwork(join(folder, name))).rejects.toMatchObject({
    code,
    message: expect.stringContaining(said),
  });
});

test("an output that is no vector is refused with its shape", async () => {
  const opened = await openFeatureNetwork(network("map.onnx", ["batch", 3, "h", "w"], { pooled: false }));
  await expect(opened.features(images)).rejects.toMatchObject({
    code: "DATA_REFUSED",
    message: expect.stringContaining("float32 [1, 3, 4, 6], not float32 [N, d]"),
  });
  await opened.close();
});
