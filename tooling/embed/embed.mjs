/**
 * Makes a finished pretraining the embedded model: its averaged weights (float16 from two dimensions on), its architecture, the recipe
 * and the log. The same run folder gives the same files, byte for byte.
 * Usage: node tooling/embed/embed.mjs RUN [--to packages/model-scenes/assets]
 *   RUN is the --out folder of difftap-train backbone.
 */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { openWeights, writeSafetensors } from "../../packages/checkpoint/dist/index.js";
import { float32ToFloat16, ndarray, writeFileAtomic } from "../../packages/core/dist/index.js";
import { readRunFolder } from "../../packages/run-folder/dist/index.js";
import { logOf } from "./log.mjs";
import { recipeOf } from "./recipe.mjs";

/** What a package that everybody installs may weigh. */
const MOST_BYTES = 4_000_000;
const assets = resolve(import.meta.dirname, "../../packages/model-scenes/assets");

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { to: { type: "string", default: assets } },
});
const [folder] = positionals;
if (folder === undefined) throw new Error("name the run folder of a finished pretraining");

const run = await readRunFolder(folder);
const { tensors, metadata } = await halvedWeights(join(folder, "weights.safetensors"));
checkFinished(run, metadata);
const bytes = Object.values(tensors).reduce((sum, { data }) => sum + data.byteLength, 0);
if (bytes > MOST_BYTES)
  throw new Error(`the weights of ${folder} take ${bytes} bytes, more than ${MOST_BYTES}`);
await writeSafetensors(join(options.to, "weights.safetensors"), tensors, metadata);
await writeFileAtomic(
  join(options.to, "architecture.json"),
  await readFile(join(folder, "architecture.json")),
);
await writeFileAtomic(join(options.to, "recipe.yaml"), recipeOf(run));
await writeFileAtomic(join(options.to, "log.csv"), logOf(run.metrics));
console.log(`${options.to}: ${bytes} bytes of weights`);
console.log(`${run.results.model.architecture}, ${run.results.model.parameters} parameters`);
console.log(`${run.results.dataset.name}, ${metadata.steps} steps: ${run.results.protocol}`);

/** @throws Error for a run that is not pretraining, or went on after it wrote its weights. */
function checkFinished({ results, metrics, path }, { steps }) {
  if (results.kind !== "pretraining") throw new Error(`${path} is a run of kind ${results.kind}`);
  const last = metrics.at(-1)?.step;
  if (String(last) !== steps) throw new Error(`${path} is at step ${last}, its weights are of step ${steps}`);
}

async function halvedWeights(path) {
  const source = await openWeights(path);
  const tensors = {};
  for (const name of source.tensors.keys()) tensors[name] = halved(await source.read(name));
  await source.close();
  return { tensors, metadata: source.metadata };
}

/** Biases and norms stay as they are. */
function halved(array) {
  const { dtype, shape, data } = array;
  return dtype === "float32" && shape.length > 1 ? ndarray("float16", shape, float32ToFloat16(data)) : array;
}
