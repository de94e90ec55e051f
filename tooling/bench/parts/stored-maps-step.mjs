/**
 * Trains an adapter on stored maps through the source of `difftap-train --keep-maps disk`, with targets made for every batch, and prints
 * the most memory that this process had. `node stored-maps-step.mjs OPTIONS`, as JSON: adapter, path, steps (an epoch where absent), batch.
 */
import { readFileSync } from "node:fs";
import { storedMaps } from "../../../apps/train/dist/index.js";
import { ndarray } from "../../../packages/core/dist/index.js";
import { createDetector, stackTargets } from "../../../packages/detection/dist/index.js";
import { createSegmenter, labelMapEntry } from "../../../packages/segmentation/dist/index.js";
import { trainObjective } from "../../../packages/trainer/dist/index.js";
import { startEngine } from "./engine-steps.mjs";
import { storedTap } from "./stored-maps.mjs";

const { adapter, path, steps, batch } = JSON.parse(process.argv[2]);
const image = { height: 256, width: 256 };
const classes = 11;
const taps = [storedTap];

/** Rows of pixels of a class each, other ones in every image. */
function labelMaps(samples) {
  const pixels = image.height * image.width;
  const labels = Float32Array.from({ length: samples.length * pixels }, (_, i) => {
    const row = Math.floor((i % pixels) / image.width);
    return (samples[Math.floor(i / pixels)] + (row >> 4)) % classes;
  });
  return { [labelMapEntry]: ndarray("float32", [samples.length, image.height, image.width], labels) };
}

/** Three boxes, other ones in every image. */
function boxes(sample) {
  return [0, 1, 2].map((place) => ({
    label: (sample + place) % classes,
    box: [(sample * 7 + place * 70) % 180, (sample * 11 + place * 50) % 180, 30 + 20 * place, 40],
  }));
}

function createAdapter() {
  if (adapter === "segmenter") {
    const request = { segmenter: "per-pixel", spec: { width: 64 }, taps, classes, ignore: 255, seed: 0 };
    return { model: createSegmenter(request), targets: labelMaps };
  }
  const spec = { neck: { width: 64, extraLevels: 2 }, layers: 1 };
  const model = createDetector({ detector: "fcos", spec, taps, image, classes, seed: 0 });
  return {
    model,
    targets: (samples) => stackTargets(Array.from(samples, (sample) => model.targets(boxes(sample)))),
  };
}

/** In GB, from the kernel: VmHWM is the most there was, VmRSS what there is. */
function resident(field) {
  const [, kibibytes] = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"));
  return `${((Number(kibibytes) * 1024) / 1e9).toFixed(2)} GB`;
}

await startEngine("onnxruntime");
const { model, targets } = createAdapter();
const source = await storedMaps(path, async (samples) => targets(samples));
const duration = steps === undefined ? { epochs: 1 } : { steps };
const learning = { optimizer: { kind: "adamw" }, learningRate: 1e-3, schedule: { kind: "constant" } };
const started = performance.now();
const result = await trainObjective({
  model,
  source,
  recipe: { ...learning, batch, duration, seed: 0 },
  onProgress: ({ task, done, total, detail }) => {
    if (task === "training" && done % 100 === 0)
      console.log(`  ${adapter}, step ${done} of ${total}: ${detail}, resident ${resident("VmRSS")}`);
  },
});
const seconds = (performance.now() - started) / 1000;
const read = result.steps * batch * 2 * storedTap.channels * storedTap.height * storedTap.width;
console.log(
  `${adapter}: ${result.steps} steps of ${batch} in ${seconds.toFixed(0)} s, ${(read / 1e6 / seconds).toFixed(0)} MB of maps a second, mean loss ${result.loss.toFixed(3)}, peak resident ${resident("VmHWM")}`,
);
process.exit(0);
