/** What the training steps on our engines have in common: the engine, maps of a pyramid, and the answers. */
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { selectEngine, tf } from "../../../packages/engine/dist/index.js";

const repository = fileURLToPath(new URL("../../../", import.meta.url));

export async function startEngine(engine) {
  await selectEngine(engine, { from: process.env.DIFFTAP_TENSORFLOW ?? `${repository}.cache/tfjs-node` });
}

/** Taps of a pyramid whose finest map has `side` cells a side, each next one half of it, and maps for them. */
export function examplePyramid({ batch, side, channels }) {
  const taps = channels.map((count, level) => {
    const cells = side / 2 ** level;
    return {
      name: `t90/b0${level}`,
      block: level,
      timestep: 90,
      channels: count,
      height: cells,
      width: cells,
    };
  });
  const maps = taps.map(({ name, channels: count, height, width }, level) => {
    const shape = [batch, count, height, width];
    const length = shape.reduce((product, each) => product * each, 1);
    const waves = Float32Array.from({ length }, (_, i) => Math.sin((level + 1.3) * i));
    return [name, tf.tensor(waves, shape)];
  });
  return { taps, maps: Object.fromEntries(maps) };
}

/** Takes a step of SGD with momentum for every line of standard input; a line of JSON answers with its time and loss. */
export async function answerSteps(engine, { objective, variables, learningRate }) {
  const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
  const optimizer = tf.train.momentum(learningRate, 0.9);
  answer({ ready: engine, parameters: variables.reduce((sum, { size }) => sum + size, 0) });
  for await (const _ of createInterface({ input: process.stdin }))
    answer(await measured(() => optimizer.minimize(objective, true, variables)));
  process.exit(0);
}

async function measured(step) {
  const statistics = () => tf.backend().statistics;
  const before = statistics();
  const started = performance.now();
  const value = step();
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
