/** Which flags of an architecture the shapes of a checkpoint contradict. */
import { isDifftapError } from "@difftap/core";
import { type Architecture, attends, levelChannels } from "./architecture.js";
import { readShapes, type ShapeEvidence, type ToldField } from "./shape-evidence.js";
import type { TensorTable } from "./weights-check.js";

export interface Difference {
  readonly field: ToldField | "attentionResolutions";
  /** As the architecture says. */
  readonly given: string;
  /** As the shapes say. */
  readonly told: string;
}

/** Fields that shapes decide. */
const toldFields: readonly ToldField[] = [
  "modelChannels",
  "residualBlocks",
  "channelMultipliers",
  "scaleShiftNorm",
  "resblockUpdown",
  "classes",
  "learnSigma",
];

/** Every field in which an architecture, or the given part of one, contradicts the shapes. */
export function differences(given: Partial<Architecture>, evidence: ShapeEvidence): Difference[] {
  const oneLevel = evidence.channelMultipliers.length === 1;
  const fields = toldFields.filter(
    (field) => given[field] !== undefined && !(oneLevel && field === "resblockUpdown"),
  );
  const told = fields
    .filter((field) => comparable(field, given, evidence) !== comparable(field, evidence, evidence))
    .map((field) => ({ field, given: JSON.stringify(given[field]), told: JSON.stringify(evidence[field]) }));
  return [...told, ...attentionDifference(given, evidence)];
}

/** A field as it shows in shapes: multipliers show only as widths. */
function comparable(field: ToldField, of: Partial<Architecture>, { modelChannels }: ShapeEvidence): string {
  if (field !== "channelMultipliers") return JSON.stringify(of[field]);
  return levelChannels({ channelMultipliers: of.channelMultipliers!, modelChannels }).join();
}

function attentionDifference(given: Partial<Architecture>, evidence: ShapeEvidence): Difference[] {
  const { imageSize, attentionResolutions } = given;
  if (imageSize === undefined || attentionResolutions === undefined) return [];
  const downsamples = evidence.channelMultipliers.map((_, level) => 2 ** level);
  const placed = downsamples.filter((downsample) => attends({ imageSize, attentionResolutions }, downsample));
  if (placed.join() === evidence.attentionDownsamples.join()) return [];
  return [
    {
      field: "attentionResolutions",
      given: `attention where the map is the image over ${list(placed)}`,
      told: `over ${list(evidence.attentionDownsamples)}`,
    },
  ];
}

function list(values: readonly number[]): string {
  return values.length === 0 ? "nothing" : values.join(", ");
}

/** One line for a person: what the shapes say and the architecture does not. */
export function describeDifferences(architecture: Architecture, source: TensorTable): string {
  try {
    const found = differences(architecture, readShapes(source));
    if (found.length === 0) return "the flags agree with the shapes: the file is damaged or was edited";
    return `by its shapes the file has ${found.map(({ field, given, told }) => `${field} ${told} (given: ${given})`).join("; ")}`;
  } catch (error) {
    if (isDifftapError(error)) return error.message;
    throw error;
  }
}
