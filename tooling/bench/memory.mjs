/**
 * Resident memory of the 256-px network with generated weights while block 24 is extracted; with --maps, of trainings on so many maps of
 * 256×64×64 that are kept on disk (2 MiB each, in the folder for temporary files), an epoch each unless --steps says less.
 * Usage: pnpm run bench memory [--block 24] [--images 2] [--preset 256x256_diffusion_uncond]
 *        pnpm run bench memory --maps 5000 [--steps N] [--batch 8]
 */
import { parseArgs } from "node:util";
import { macsUpTo, parameterCount, presets, randomWeights } from "../../packages/backbone/dist/index.js";
import { emitUnet, openOnnxBackbone } from "../../packages/backbone-onnx/dist/index.js";
import { ndarray } from "../../packages/core/dist/index.js";
import { trainOnStoredMaps } from "./parts/stored-maps.mjs";

const { values } = parseArgs({
  options: {
    block: { type: "string", default: "24" },
    images: { type: "string", default: "2" },
    preset: { type: "string", default: "256x256_diffusion_uncond" },
    maps: { type: "string" },
    steps: { type: "string" },
    batch: { type: "string", default: "8" },
  },
});
if (values.maps !== undefined) {
  const { steps } = values;
  const duration = steps === undefined ? {} : { steps: Number(steps) };
  await trainOnStoredMaps({ images: Number(values.maps), batch: Number(values.batch), ...duration });
  process.exit(0);
}
const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(2)} GB`;
const report = (stage) => {
  const peak = process.resourceUsage().maxRSS * 1024;
  console.log(
    `${stage.padEnd(34)} resident ${gigabytes(process.memoryUsage().rss)}, peak ${gigabytes(peak)}`,
  );
};

const { architecture } = presets[values.preset];
const block = Number(values.block);
const count = Number(values.images);
const side = architecture.imageSize;
const { layout } = emitUnet({ architecture, taps: [{ block, pool: 2 }] });
console.log(
  `${values.preset}: weights ${gigabytes(4 * parameterCount(architecture))} in all, ${gigabytes(layout.byteLength)} up to block ${block}`,
);
report("start");
const backbone = await openOnnxBackbone({
  architecture,
  weights: randomWeights(architecture, 1, { zeroModules: "random" }),
  weightsDigest: "generated from seed 1",
});
let started = performance.now();
const session = await backbone.prepare([{ block, pool: 2 }]);
report(`prepared in ${((performance.now() - started) / 1000).toFixed(1)} s`);
const shape = [count, 3, side, side];
const images = ndarray(
  "uint8",
  shape,
  new Uint8Array(count * 3 * side * side).map((_, index) => index % 251),
);
const noise = ndarray("float32", shape, new Float32Array(images.data.length).fill(0.5));
for (let round = 1; round <= 3; round += 1) {
  started = performance.now();
  await session.run({ images, noise, timesteps: new Array(count).fill(150) });
  const seconds = (performance.now() - started) / 1000;
  const rate = (2 * count * macsUpTo(architecture, { height: side, width: side })[block - 1]) / seconds / 1e9;
  report(`${count} images in ${seconds.toFixed(1)} s (${rate.toFixed(0)} GFLOP/s)`);
}
await backbone.close();
report("closed");
