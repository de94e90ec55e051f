/** A pretraining as a program of its own, to be killed or to be one of several: what it computes, as a module's text. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const built = join(import.meta.dirname, "..", "dist", "index.js");
export const isBuilt = existsSync(built);

/** Reads run folder, batch, engine and timestep sampling from its arguments; prints a line per step. */
const program = `
import { ndarray, normals } from ${JSON.stringify(import.meta.resolve("@difftap/core"))};
import { selectEngine, tf } from ${JSON.stringify(import.meta.resolve("@difftap/engine"))};
import { createSchedule } from ${JSON.stringify(import.meta.resolve("@difftap/scheduler"))};
import { openCollective } from ${JSON.stringify(import.meta.resolve("@difftap/trainer"))};
import { memoryImages, pretrain } from ${JSON.stringify(pathToFileURL(built).href)};
const [folder, batch, engine, timesteps] = process.argv.slice(2);
await selectEngine(engine);
const images = ndarray("uint8", [24, 3, 8, 8], Uint8Array.from({ length: 24 * 192 }, (_, i) => (i * 37 + (i % 11) * 5) % 256));
const weight = (index, shape) => tf.variable(tf.tensor(normals({ seed: 2, stream: 4, index }, shape.reduce((a, b) => a * b)).map((x) => x / 5), shape));
const variables = new Map([["in", weight(0, [3, 3, 3, 24])], ["out", weight(1, [3, 3, 24, 6])], ["time", weight(2, [1, 24])]]);
const model = {
  variables, classes: null, description: "conv",
  forward: ({ x, timesteps }) => {
    const hidden = tf.conv2d(tf.transpose(x, [0, 2, 3, 1]), variables.get("in"), 1, "same");
    const shifted = tf.add(hidden, tf.mul(tf.reshape(tf.div(timesteps, 50), [-1, 1, 1, 1]), tf.reshape(variables.get("time"), [1, 1, 1, 24])));
    return tf.transpose(tf.conv2d(tf.mul(shifted, tf.sigmoid(shifted)), variables.get("out"), 1, "same"), [0, 3, 1, 2]);
  },
};
const recipe = {
  optimizer: { kind: "adamw" }, learningRate: 1e-3, schedule: { kind: "cosine" }, warmUp: { steps: 5 }, clipNorm: 1, timesteps,
  ema: [{ decay: 0.99 }, { decay: 0.9 }], duration: { steps: 30 }, batch: Number(batch), seed: 1,
};
const collective = await openCollective("auto");
const { averages } = await pretrain({
  model, source: memoryImages(images, new Int32Array(24)), recipe, folder, checkpointEvery: { steps: 4 }, collective,
  schedule: createSchedule({ steps: 50, schedule: "linear", rescaleTimesteps: false }),
  onProgress: ({ task, done }) => task === "training" && process.stdout.write(done + "\\n"),
});
if (averages.length !== 2) process.exit(5);
collective.close();`;

/** Writes the program into a folder, and gives what `node` has to be given to run it. */
export function programIn(root: string) {
  const path = join(root, "program.mjs");
  writeFileSync(path, program);
  return (folder: string, batch: number, engine: string, timesteps = "loss-second-moment") => [
    path,
    folder,
    String(batch),
    engine,
    timesteps,
  ];
}
