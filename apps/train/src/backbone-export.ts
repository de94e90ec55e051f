/** Pretrained weights as files: safetensors and .pt under the reference's names, the architecture beside them. */
import { join } from "node:path";
import type { Architecture } from "@difftap/backbone";
import { writeSafetensors, writeTorch } from "@difftap/checkpoint";
import { float32ToFloat16, type NdArray, ndarray, writeFileAtomic } from "@difftap/core";
import type { PretrainingResult } from "@difftap/pretraining";
import type { Tensors } from "@difftap/trainer";

export interface Exporting {
  readonly folder: string;
  readonly architecture: Architecture;
  /** Goes into the metadata of the safetensors: what a sampler has to know. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly half: boolean;
}

/**
 * `weights.safetensors` and `weights.pt` hold the first average (the weights themselves where nothing is averaged);
 * `weights-RATE.safetensors` each further one, `weights-raw.safetensors` the weights themselves. Gives the path of the first.
 * @throws DifftapError WRITE_FAILED.
 */
export async function exportWeights(
  { weights, averages }: PretrainingResult,
  { folder, architecture, metadata, half }: Exporting,
): Promise<string> {
  const stored = (tensors: Tensors) => (half ? halved(tensors) : tensors);
  const [first, ...others] = averages;
  const best = stored(first?.weights ?? weights);
  const path = join(folder, "weights.safetensors");
  await writeSafetensors(path, best, { ...metadata, average: first ? String(first.decay) : "none" });
  await writeTorch(join(folder, "weights.pt"), best);
  for (const { decay, weights: averaged } of others) {
    const own = { ...metadata, average: String(decay) };
    await writeSafetensors(join(folder, `weights-${decay}.safetensors`), stored(averaged), own);
  }
  if (first) {
    await writeSafetensors(join(folder, "weights-raw.safetensors"), stored(weights), {
      ...metadata,
      average: "none",
    });
  }
  await writeFileAtomic(join(folder, "architecture.json"), `${JSON.stringify(architecture, null, 2)}\n`);
  return path;
}

/** Tensors of two and more dimensions as float16; biases and norms stay as they are. */
function halved(tensors: Tensors): Record<string, NdArray> {
  const entries = Object.entries(tensors).map(([name, array]) => [
    name,
    array.shape.length < 2 ? array : toHalf(array),
  ]);
  return Object.fromEntries(entries);
}

function toHalf({ shape, data }: NdArray): NdArray<"float16"> {
  return ndarray("float16", shape, float32ToFloat16(data as Float32Array));
}
