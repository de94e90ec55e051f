/**
 * The architecture of a checkpoint, from its shapes and what the caller or a preset adds.
 *
 * ```ts
 * import { inferArchitecture } from "@difftap/backbone";
 *
 * const architecture = inferArchitecture(await openWeights("model.pt"), {
 *   imageSize: 64, headChannels: 64, newAttentionOrder: true,
 *   diffusion: { steps: 1000, schedule: "cosine", rescaleTimesteps: false },
 * });
 * ```
 */
import { DifftapError } from "@difftap/core";
import { type Architecture, checkArchitecture } from "./architecture.js";
import { differences } from "./differences.js";
import { presetFor, presets } from "./presets.js";
import { readShapes, type ShapeEvidence } from "./shape-evidence.js";
import { checkWeights, type TensorTable } from "./weights-check.js";

/** The reference's defaults for flags that shapes do not tell and that seldom matter. */
const DEFAULTS = { heads: 4, headsUpsample: -1, dropout: 0 } as const;

/**
 * Infers the architecture. Shapes decide what they can (see ShapeEvidence). The rest comes from `given`, then, when
 * the file's name and shapes are those of a published file, from its preset; `headsUpsample` and `dropout` are
 * otherwise the reference's defaults (−1: as `heads`; 0, which only training sees), and attention resolutions follow
 * from the image size.
 * @throws DifftapError ARCHITECTURE_UNKNOWN listing precisely the flags that must be given, or those given that the
 *   shapes contradict; WEIGHTS_MISMATCH when tensors are missing, surplus or wrongly shaped; UNSUPPORTED.
 */
export function inferArchitecture(source: TensorTable, given: Partial<Architecture> = {}): Architecture {
  const evidence = readShapes(source);
  refuseContradictions(source, given, evidence);
  const preset = presetFor(source.path)?.architecture;
  const known =
    preset !== undefined && differences(preset, evidence).length === 0 ? { ...preset, ...given } : given;
  refuseGaps(source, known, evidence);
  const architecture = checkArchitecture(complete(known, evidence));
  checkWeights(architecture, source);
  return architecture;
}

type Untold = "imageSize" | "newAttentionOrder" | "diffusion";

function complete(known: Partial<Architecture>, evidence: ShapeEvidence): Architecture {
  const { attentionDownsamples, ...told } = evidence;
  const { imageSize, newAttentionOrder, diffusion } = known as Required<Pick<Architecture, Untold>>;
  return {
    imageSize,
    ...told,
    channelMultipliers: known.channelMultipliers ?? told.channelMultipliers,
    resblockUpdown:
      evidence.channelMultipliers.length === 1 ? (known.resblockUpdown ?? false) : told.resblockUpdown,
    attentionResolutions:
      known.attentionResolutions ??
      attentionDownsamples.map((downsample) => Math.floor(imageSize / downsample)),
    heads: known.heads ?? DEFAULTS.heads,
    headChannels: known.headChannels ?? -1,
    headsUpsample: known.headsUpsample ?? DEFAULTS.headsUpsample,
    newAttentionOrder,
    dropout: known.dropout ?? DEFAULTS.dropout,
    diffusion,
  };
}

function refuseContradictions(
  source: TensorTable,
  given: Partial<Architecture>,
  evidence: ShapeEvidence,
): void {
  const found = differences(given, evidence);
  if (found.length === 0) return;
  const lines = found.map(
    ({ field, given: said, told }) => `${field}: given ${said}, the shapes say ${told}`,
  );
  throw new DifftapError(
    "ARCHITECTURE_UNKNOWN",
    `${source.path} contradicts what was given: ${lines.join("; ")}`,
    {
      hint: "leave these out: shapes decide them",
      details: { contradictions: found },
    },
  );
}

/** Flags that shapes cannot tell and that nobody gave. Head counts are one flag: `headChannels`, or `heads`. */
function gaps(known: Partial<Architecture>): string[] {
  const noHeads = known.heads === undefined && (known.headChannels ?? -1) === -1;
  return [
    ...(known.imageSize === undefined ? ["imageSize"] : []),
    ...(noHeads ? ["headChannels (or heads)"] : []),
    ...(known.newAttentionOrder === undefined ? ["newAttentionOrder"] : []),
    ...(known.diffusion === undefined ? ["diffusion (steps, schedule, rescaleTimesteps)"] : []),
  ];
}

function refuseGaps(source: TensorTable, known: Partial<Architecture>, evidence: ShapeEvidence): void {
  const missing = gaps(known);
  if (missing.length === 0) return;
  const alike = Object.values(presets).filter(
    (preset) => differences(preset.architecture, evidence).length === 0,
  );
  const fits =
    alike.length === 0
      ? ""
      : `; the shapes fit the published ${alike.map((preset) => preset.file).join(", ")}`;
  throw new DifftapError(
    "ARCHITECTURE_UNKNOWN",
    `shapes alone do not tell these of ${source.path}: ${missing.join(", ")}`,
    {
      hint: `give them, or an architecture file${fits}`,
      details: { missing, told: evidence, presets: alike.map((preset) => preset.name) },
    },
  );
}
