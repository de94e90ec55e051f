/**
 * What the shapes of a state dict say about its architecture. Told: the first width and every level's, residual
 * blocks, which levels have attention, scale-shift norm, how maps are resized, classes, learned sigma. Not told: head
 * counts, attention order, image size, dropout, the diffusion process.
 */
import { DifftapError } from "@difftap/core";
import type { Architecture } from "./architecture.js";
import { IMAGE_CHANNELS } from "./plan.js";
import type { TensorTable } from "./weights-check.js";

/** The fields of an architecture that shapes decide. */
export type ToldField =
  | "modelChannels"
  | "residualBlocks"
  | "channelMultipliers"
  | "scaleShiftNorm"
  | "resblockUpdown"
  | "classes"
  | "learnSigma";

export interface ShapeEvidence extends Pick<Architecture, ToldField> {
  /** Image side over map side, for each level with attention. */
  readonly attentionDownsamples: readonly number[];
}

/**
 * Reads the evidence.
 * @throws DifftapError ARCHITECTURE_UNKNOWN when this is no ADM U-Net, naming the tensor that is missing;
 *   UNSUPPORTED for the noisy classifiers and the upsamplers of the same family.
 */
export function readShapes(source: TensorTable): ShapeEvidence {
  const modelChannels = sideOf(source, "time_embed.0.weight", 1);
  const firstChannels = imageConvolution(source);
  refuseClassifier(source);
  const outputBlocks = countBlocks(source, "output_blocks");
  const residualBlocks = firstGrowingBlock(source, outputBlocks) ?? outputBlocks - 1;
  const perLevel = residualBlocks + 1;
  const levels = Array.from(
    { length: Math.max(1, Math.floor(outputBlocks / perLevel)) },
    (_, level) => level,
  );
  const firstOf = (level: number): string => `input_blocks.${1 + level * perLevel}`;
  const widths = levels.map((level) => sideOf(source, `${firstOf(level)}.0.out_layers.3.weight`, 0));
  checkFirstWidth(firstChannels, widths[0]!);
  return {
    modelChannels,
    residualBlocks,
    channelMultipliers: widths.map((channels) => multiplier(channels, modelChannels)),
    scaleShiftNorm: sideOf(source, "input_blocks.1.0.emb_layers.1.weight", 0) === 2 * widths[0]!,
    resblockUpdown: levels.length > 1 && !source.tensors.has(`input_blocks.${perLevel}.0.op.weight`),
    classes: source.tensors.get("label_emb.weight")?.shape[0] ?? null,
    learnSigma: sideOf(source, "out.2.weight", 0) === 2 * IMAGE_CHANNELS,
    attentionDownsamples: levels
      .filter((level) => source.tensors.has(`${firstOf(level)}.1.qkv.weight`))
      .map((level) => 2 ** level),
  };
}

/** The multiplier that gives these channels again, whatever rounding the division suffers. */
function multiplier(channels: number, modelChannels: number): number {
  const exact = channels / modelChannels;
  return Math.trunc(exact * modelChannels) === channels ? exact : (channels + 0.5) / modelChannels;
}

/** One side of a tensor that every network of the family has. */
function sideOf(source: TensorTable, name: string, axis: 0 | 1): number {
  const side = source.tensors.get(name)?.shape[axis];
  if (side !== undefined && side > 0) return side;
  const some = [...source.tensors.keys()].slice(0, 5).join(", ");
  const wrong = source.tensors.has(name) ? "its shape is wrong for" : "it has no";
  throw new DifftapError(
    "ARCHITECTURE_UNKNOWN",
    `${source.path} is no U-Net of the ADM family: ${wrong} ${name}`,
    {
      hint: `it holds ${source.tensors.size} tensors${some === "" ? "" : `: ${some}, …`}; the names must be guided-diffusion's`,
      details: { path: source.path, name },
    },
  );
}

function imageConvolution(source: TensorTable): number {
  const inputs = sideOf(source, "input_blocks.0.0.weight", 1);
  if (inputs === IMAGE_CHANNELS) return sideOf(source, "input_blocks.0.0.weight", 0);
  throw new DifftapError(
    "UNSUPPORTED",
    `${source.path} takes ${inputs} input channels instead of ${IMAGE_CHANNELS}`,
    {
      hint: "upsamplers (6 input channels) are not supported; take a model of the same family that takes images alone",
      details: { path: source.path, inputChannels: inputs },
    },
  );
}

function refuseClassifier(source: TensorTable): void {
  if (countBlocks(source, "output_blocks") > 0) return;
  throw new DifftapError("UNSUPPORTED", `${source.path} has an encoder half only: it is a noisy classifier`, {
    hint: "features are read from diffusion models; take the diffusion model of the same size",
    details: { path: source.path },
  });
}

/** Blocks of a module list: the different indices in the names. */
function countBlocks(source: TensorTable, list: string): number {
  const indices = [...source.tensors.keys()].flatMap((name) => {
    const [head, index] = name.split(".");
    return head === list ? [index] : [];
  });
  return new Set(indices).size;
}

/** Index of the first output block that doubles its map: it ends the deepest level, after its residual blocks. */
function firstGrowingBlock(source: TensorTable, outputBlocks: number): number | undefined {
  const grows = (index: number): boolean =>
    [1, 2].some((layer) =>
      ["in_layers.2.weight", "conv.weight"].some((name) =>
        source.tensors.has(`output_blocks.${index}.${layer}.${name}`),
      ),
    );
  return Array.from({ length: outputBlocks }, (_, index) => index).find(grows);
}

function checkFirstWidth(convolution: number, level: number): void {
  if (convolution === level) return;
  throw new DifftapError(
    "ARCHITECTURE_UNKNOWN",
    `the first convolution has ${convolution} channels and the first level ${level}; in the ADM family they are equal`,
    { details: { convolution, level } },
  );
}
