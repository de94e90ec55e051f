/**
 * Pretraining steps of the architecture of CIFAR-10 on one of our engines: the loop that `difftap-train backbone` runs, from images in
 * memory. `node pretrain-step.mjs ENGINE [profile]`; a line from standard input asks for so many steps, a line of JSON answers with the time
 * of one. Under mpiexec the ranks share each batch: all of them are asked, the first answers.
 */
import { fileURLToPath } from "node:url";
import { parseArchitecture, randomWeights } from "../../../packages/backbone/dist/index.js";
import { createTfjsUnet } from "../../../packages/backbone-tfjs/dist/index.js";
import { ndarray } from "../../../packages/core/dist/index.js";
import { selectEngine, tf } from "../../../packages/engine/dist/index.js";
import { memoryImages, pretrain } from "../../../packages/pretraining/dist/index.js";
import { createSchedule } from "../../../packages/scheduler/dist/index.js";
import { openCollective } from "../../../packages/trainer/dist/index.js";
import { askedLines } from "./asked-lines.mjs";
import { kernelTimes } from "./kernel-times.mjs";
import { batch, architecture as json, learningRate } from "./pretraining.mjs";

const engine = process.argv[2];
const repository = fileURLToPath(new URL("../../../", import.meta.url));
await selectEngine(engine, { from: process.env.DIFFTAP_TENSORFLOW ?? `${repository}.cache/tfjs-node` });
const collective = await openCollective("auto");
const kernels =
  process.argv[3] === "profile" && engine === "tensorflow" ? kernelTimes(tf.backend()) : undefined;
const architecture = parseArchitecture(json);
const unet = await createTfjsUnet({ architecture, weights: randomWeights(architecture, 0), trainable: true });
const count = 8 * batch;
const images = ndarray("uint8", [count, 3, 32, 32]);
images.data.forEach((_, i) => {
  images.data[i] = (i * 37 + (i >> 9) * 11) % 256;
});

const answer = (value) => {
  if (collective.rank === 0) process.stdout.write(`${JSON.stringify(value)}\n`);
};
const statistics = () => tf.backend().statistics ?? { runMilliseconds: 0, compilations: 0 };
const processorTime = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** A short training; its first step brings everything up, those behind it are measured. */
async function measure(steps) {
  const marks = [];
  const loss = [];
  await pretrain({
    model: {
      variables: unet.variables,
      classes: null,
      description: "benchmark",
      forward: (inputs, options) => unet.forward(inputs, options),
    },
    schedule: createSchedule(architecture.diffusion),
    collective,
    source: memoryImages(images, new Int32Array(count)),
    recipe: {
      optimizer: { kind: "adamw", weightDecay: 0 },
      learningRate,
      schedule: { kind: "constant" },
      clipNorm: 1,
      ema: [{ decay: 0.999 }],
      duration: { steps: steps + 1 },
      batch,
      seed: 0,
    },
    onProgress({ task, detail }) {
      if (task !== "training") return;
      if (marks.length === 0) kernels?.();
      marks.push({ at: performance.now(), processor: processorTime(), ...statistics() });
      loss.push(detail);
    },
  });
  const [first, last] = [marks[0], marks.at(-1)];
  const milliseconds = (last.at - first.at) / steps;
  const ofAll = Float32Array.of(
    (last.processor - first.processor) / steps,
    process.memoryUsage().rss / 2 ** 20,
  );
  collective.allReduce(ofAll);
  return {
    milliseconds,
    processor: ofAll[0],
    kernels: kernels?.().map(([name, calls, spent]) => [name, calls / steps, spent / steps]),
    outside: milliseconds - (last.runMilliseconds - first.runMilliseconds) / steps,
    compiled: last.compilations - first.compilations,
    loss: loss.at(-1),
    memory: ofAll[1],
  };
}

const asked = await askedLines(collective);
answer({ ready: engine });
for await (const steps of asked) answer(await measure(Number(steps)));
collective.close();
process.exit(0);
