/**
 * Training steps of the dense detector on one of our engines. `node detector-step.mjs ENGINE SHAPES`, SHAPES as JSON; every line from
 * standard input asks for a step, a line of JSON answers with its time and loss.
 */
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createDetector } from "../../../packages/detection/dist/index.js";
import { selectEngine, tf } from "../../../packages/engine/dist/index.js";

const [engine, shapes] = [process.argv[2], JSON.parse(process.argv[3])];
const { batch, side, width, layers, channels, classes } = shapes;
const repository = fileURLToPath(new URL("../../../", import.meta.url));
await selectEngine(engine, { from: process.env.DIFFTAP_TENSORFLOW ?? `${repository}.cache/tfjs-node` });

/** Pixels between the cells of the finest map. */
const FINEST = 8;
const image = { height: FINEST * side, width: FINEST * side };
const taps = channels.map((count, level) => {
  const cells = side / 2 ** level;
  return { name: `t90/b0${level}`, block: level, timestep: 90, channels: count, height: cells, width: cells };
});
const waves = (count, wave) => Float32Array.from({ length: count }, (_, i) => Math.sin(wave * i));
const maps = taps.map(({ name, channels: count, height, width: columns }, level) => {
  const shape = [batch, count, height, columns];
  const length = shape.reduce((product, each) => product * each, 1);
  return [name, tf.tensor(waves(length, level + 1.3), shape)];
});
const spec = { neck: { width, extraLevels: 1 }, layers };
const detector = createDetector({ detector: "fcos", spec, taps, image, classes, seed: 0 });
const locations = detector.targets([])["targets/labels"].data.length;
// Every twentieth location learns an object, as the PyTorch side has it.
const labels = Float32Array.from({ length: batch * locations }, (_, i) =>
  i % 20 === 0 ? (i / 20) % classes : -1,
);
const distances = Float32Array.from({ length: batch * locations * 4 }, (_, i) =>
  labels[i >> 2] < 0 ? 0 : 20 + 8 * Math.sin(i),
);
const features = {
  ...Object.fromEntries(maps),
  "targets/labels": tf.tensor2d(labels, [batch, locations]),
  "targets/weights": tf.ones([batch, locations]),
  "targets/distances": tf.tensor3d(distances, [batch, locations, 4]),
  "targets/centreness": tf.tensor2d(
    labels.map((label) => (label < 0 ? 0 : 0.5)),
    [batch, locations],
  ),
};
const variables = [...detector.variables.values()];
const optimizer = tf.train.momentum(0.001, 0.9);

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const statistics = () => tf.backend().statistics;

async function step() {
  const before = statistics();
  const started = performance.now();
  const objective = () => tf.addN(Object.values(detector.objective(features, { training: true })));
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
