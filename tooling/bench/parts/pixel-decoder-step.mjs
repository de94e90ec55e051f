/**
 * Training steps of the per-pixel segmenter on one of our engines. `node pixel-decoder-step.mjs ENGINE SHAPES`, SHAPES as JSON; every line
 * from standard input asks for a step, a line of JSON answers with its time and loss.
 */
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { selectEngine, tf } from "../../../packages/engine/dist/index.js";
import { createSegmenter, labelMapEntry } from "../../../packages/segmentation/dist/index.js";

const [engine, shapes] = [process.argv[2], JSON.parse(process.argv[3])];
const { batch, side, width, channels, image, classes } = shapes;
const repository = fileURLToPath(new URL("../../../", import.meta.url));
await selectEngine(engine, { from: process.env.DIFFTAP_TENSORFLOW ?? `${repository}.cache/tfjs-node` });

const taps = channels.map((count, level) => {
  const cells = side / 2 ** level;
  return { name: `t90/b0${level}`, block: level, timestep: 90, channels: count, height: cells, width: cells };
});
const numbers = (count, wave) => Float32Array.from({ length: count }, (_, i) => Math.sin(wave * i));
const maps = taps.map(({ name, channels: count, height, width: columns }, level) => {
  const shape = [batch, count, height, columns];
  return [
    name,
    tf.tensor(
      numbers(
        shape.reduce((a, b) => a * b),
        level + 1.3,
      ),
      shape,
    ),
  ];
});
// Rows of a class each, the first one ignored.
const labels = Float32Array.from({ length: batch * image * image }, (_, i) => {
  const row = Math.floor(i / image) % image;
  return row === 0 ? 255 : row % classes;
});
const features = {
  ...Object.fromEntries(maps),
  [labelMapEntry]: tf.tensor3d(labels, [batch, image, image]),
};
const request = { segmenter: "per-pixel", spec: { width }, taps, classes, ignore: 255, seed: 0 };
const segmenter = createSegmenter(request);
const variables = [...segmenter.variables.values()];
const optimizer = tf.train.momentum(0.01, 0.9);

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const statistics = () => tf.backend().statistics;

async function step() {
  const before = statistics();
  const started = performance.now();
  const objective = () => segmenter.objective(features, { training: true }).crossEntropy;
  const value = optimizer.minimize(objective, true, variables);
  const [loss] = await value.data();
  value.dispose();
  const milliseconds = performance.now() - started;
  const after = statistics();
  return {
    milliseconds,
    loss,
    ...(after && {
      outside: milliseconds - (after.runMilliseconds - before.runMilliseconds),
      compiled: after.compilations - before.compilations,
    }),
  };
}

answer({ ready: engine, parameters: variables.reduce((sum, { size }) => sum + size, 0) });
for await (const _ of createInterface({ input: process.stdin })) answer(await step());
process.exit(0);
