import { memoryWeights } from "@difftap/checkpoint";
import { type NdArray, ndarray } from "@difftap/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type OnnxBackbone, type OnnxTapSession, openOnnxBackbone } from "../dist/index.js";
import { architectures, small, weightsOf } from "./architectures.js";

let backbone: OnnxBackbone;
let session: OnnxTapSession;
beforeAll(async () => {
  backbone = await openOnnxBackbone({
    architecture: small,
    weights: weightsOf(small),
    workers: 1,
    threads: 1,
  });
  session = await backbone.prepare([{ block: 2, pool: 1 }]);
});
afterAll(() => backbone.close());

const refused = (message: RegExp, code = "REQUEST_INVALID") =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

test.each([
  [[{ block: 0, pool: 1 }], /block 0 does not exist.*1 to 9/],
  [[{ block: 99, pool: 1 }], /block 99 does not exist/],
  [[{ block: 10, pool: 1 }], /block 10 does not exist/],
  [[{ block: 2, pool: 0 }], /pool 0 of block 2/],
  [[{ block: 2, pool: 1.5 }], /pool 1\.5 of block 2/],
  [[], /no tap/],
])("prepare refuses %j", async (taps, message) => {
  await expect(backbone.prepare(taps)).rejects.toEqual(refused(message));
});

test("prepare refuses taps of images of several sizes: a graph has one", async () => {
  const taps = [
    { block: 2, pool: 1 },
    { block: 2, pool: 1, size: 32 },
  ];
  await expect(backbone.prepare(taps)).rejects.toEqual(
    refused(/block 2 names a size of images, and a graph reads images of one size/, "UNSUPPORTED"),
  );
});

test("prepare refuses a size that the levels cannot divide", async () => {
  await expect(
    backbone.prepare([{ block: 2, pool: 1 }], { size: { height: 15, width: 16 } }),
  ).rejects.toEqual(refused(/height 15/));
});

const images = (...shape: number[]) => ndarray("uint8", shape);
const noise = (...shape: number[]) => ndarray("float32", shape);
const square = [1, 3, 16, 16] as const;
const labels = Int32Array.of(0);

test.each([
  [
    "a timestep beyond the process",
    { images: images(...square), noise: noise(...square), timesteps: [1000] },
    /timestep 1000/,
  ],
  [
    "a fractional timestep",
    { images: images(...square), noise: noise(...square), timesteps: [0.5] },
    /timestep 0\.5/,
  ],
  ["missing noise", { images: images(...square), noise: null, timesteps: [3] }, /timestep 3 needs noise/],
  [
    "noise of another shape",
    { images: images(...square), noise: noise(1, 3, 16, 8), timesteps: [3] },
    /noise is \[1, 3, 16, 8\]/,
  ],
  [
    "images of another size",
    { images: images(1, 3, 32, 32), noise: null, timesteps: ["clean"] },
    /\[1, 3, 32, 32\].*\[N, 3, 16, 16\]/,
  ],
  [
    "too few timesteps",
    { images: images(2, 3, 16, 16), noise: null, timesteps: ["clean"] },
    /2 images have 1 timesteps/,
  ],
  [
    "labels that no one asked for",
    { images: images(...square), noise: null, timesteps: ["clean"], labels },
    /labels were given/,
  ],
] as const)("run refuses %s", async (_, batch, message) => {
  await expect(session.run(batch)).rejects.toEqual(refused(message));
});

test("a class-conditional network wants labels, as many as images, each one of its classes", async () => {
  const architecture = architectures["class-conditional, scale-shift norm"]!;
  const labelled = await openOnnxBackbone({
    architecture,
    weights: weightsOf(architecture),
    workers: 1,
    threads: 1,
  });
  const conditional = await labelled.prepare([{ block: 1, pool: 1 }]);
  const batch = { images: images(...square), noise: null, timesteps: ["clean"] as const };
  await expect(conditional.run(batch)).rejects.toEqual(refused(/class-conditional \(3 classes\)/));
  await expect(conditional.run({ ...batch, labels: Int32Array.of(0, 1) })).rejects.toEqual(
    refused(/2 labels/),
  );
  await expect(conditional.run({ ...batch, labels: Int32Array.of(3) })).rejects.toEqual(refused(/label 3/));
  await labelled.close();
});

async function tensorsOf(): Promise<Record<string, NdArray>> {
  const source = weightsOf(small);
  const entries = [...source.tensors.keys()].map(async (name) => [name, await source.read(name)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

test("weights that do not fit are refused before anything is loaded", async () => {
  const { "out.2.bias": _, ...tensors } = await tensorsOf();
  await expect(openOnnxBackbone({ architecture: small, weights: memoryWeights(tensors) })).rejects.toEqual(
    refused(/out\.2\.bias/, "WEIGHTS_MISMATCH"),
  );
});

test("a weight that is not a number is refused by name, unless no tap needs it", async () => {
  const tensors = await tensorsOf();
  tensors["middle_block.0.in_layers.2.weight"]!.data[5] = Number.NaN;
  const broken = await openOnnxBackbone({ architecture: small, weights: memoryWeights(tensors), workers: 1 });
  await expect(broken.prepare([{ block: 5, pool: 1 }])).rejects.toEqual(
    refused(/middle_block\.0\.in_layers\.2\.weight has NaN at position 5/, "NUMERIC"),
  );
  await broken.prepare([{ block: 4, pool: 1 }]);
  await broken.close();
});

test("a missing file, and counts that are none", async () => {
  const open = (options: object) =>
    openOnnxBackbone({ architecture: small, weights: weightsOf(small), ...options });
  await expect(open({ weights: "no/such/file.pt" })).rejects.toEqual(
    refused(/no\/such\/file\.pt/, "FILE_MISSING"),
  );
  await expect(open({ workers: 0 })).rejects.toEqual(refused(/workers is 0/, "USAGE_INVALID"));
  await expect(open({ threads: 1.5 })).rejects.toEqual(refused(/threads is 1\.5/, "USAGE_INVALID"));
});
