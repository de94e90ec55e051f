/** The parameters of a noisy classifier: the reference's names with their shapes. */
import type { WeightSource } from "@difftap/checkpoint";
import { levelChannels } from "./architecture.js";
import type { ClassifierArchitecture } from "./classifier-architecture.js";
import { type Entry, layerParameters, norm, timeParameters, withBias } from "./parameters.js";
import { type BlockPlan, planEncoder } from "./plan.js";
import { refuseMismatch } from "./weights-check.js";

/** Hidden units of the spatial pools. */
const SPATIAL_WIDTH = 2048;

/** Every parameter in the order of the reference's state dict, but the positions before what reads them. */
export function classifierParameterShapes(
  architecture: ClassifierArchitecture,
): Map<string, readonly number[]> {
  const { modelChannels, scaleShiftNorm } = architecture;
  const blocks = planEncoder({ ...architecture, heads: 1 });
  const widths = { embeddingChannels: 4 * modelChannels, embeddingFactor: scaleShiftNorm ? 2 : 1 } as const;
  return new Map([
    ...timeParameters(modelChannels),
    ...blocks.flatMap(({ layers }) => layers.flatMap((layer) => layerParameters(layer, widths))),
    ...poolParameters(architecture, blocks),
  ]);
}

/**
 * Compares a checkpoint with what the classifier needs; reads no tensor.
 * @throws DifftapError WEIGHTS_MISMATCH as `checkWeights` does.
 */
export function checkClassifierWeights(
  architecture: ClassifierArchitecture,
  source: Pick<WeightSource, "path" | "tensors">,
): void {
  const hint = () =>
    `pool, width, depth and classes of the classifier must be the file's; it has ${outputNames(source)}`;
  refuseMismatch(classifierParameterShapes(architecture), source, hint);
}

function outputNames({ tensors }: Pick<WeightSource, "tensors">): string {
  const found = [...tensors].filter(([name]) => name.startsWith("out."));
  if (found.length === 0) return "no out.…";
  return found.map(([name, { shape }]) => `${name} [${shape.join(", ")}]`).join(", ");
}

function poolParameters(architecture: ClassifierArchitecture, blocks: readonly BlockPlan[]): Entry[] {
  const { pool, classes, imageSize } = architecture;
  const channels = levelChannels(architecture).at(-1)!;
  const places = Math.floor(imageSize / blocks.at(-1)!.downsample) ** 2;
  const features = blocks.reduce((sum, block) => sum + block.channels, 0);
  switch (pool) {
    case "adaptive":
      return [...norm("out.0", channels), ...withBias("out.3", [classes, channels, 1, 1])];
    case "attention":
      return [
        ...norm("out.0", channels),
        ["out.2.positional_embedding", [channels, places + 1]],
        ...withBias("out.2.qkv_proj", [3 * channels, channels, 1]),
        ...withBias("out.2.c_proj", [classes, channels, 1]),
      ];
    case "spatial":
      return [
        ...withBias("out.0", [SPATIAL_WIDTH, features]),
        ...withBias("out.2", [classes, SPATIAL_WIDTH]),
      ];
    case "spatial_v2":
      return [
        ...withBias("out.0", [SPATIAL_WIDTH, features]),
        ...norm("out.1", SPATIAL_WIDTH),
        ...withBias("out.3", [classes, SPATIAL_WIDTH]),
      ];
  }
}
