/** A small classifier on one tap, which gives the layers before it a shorter way to the loss (PSPNet, arXiv 1612.01105, section 3.3). */
import { DifftapError, nearest } from "@difftap/core";
import { createConvolution, type HeadTap, joinParameters } from "@difftap/heads";
import { createConvolutionUnit, type MapLayer, type NormKind } from "./convolution-unit.js";
import { levelsOf } from "./tap-levels.js";

export interface AuxiliarySize extends NormKind {
  readonly channels: number;
  readonly width: number;
  readonly classes: number;
  readonly seed: number | bigint;
}

/** [N, H, W, channels] → logits [N, H, W, classes]. `NAME.0` is a 3×3 unit, `NAME.1` the 1×1 convolution to the classes. */
export function createAuxiliary(
  name: string,
  { channels, width, classes, ...kind }: AuxiliarySize,
): MapLayer {
  const unit = createConvolutionUnit(`${name}.0`, { inputs: channels, outputs: width, kernel: 3, ...kind });
  const size = { inputs: width, outputs: classes, kernel: 1, stride: 1, bias: true, seed: kind.seed };
  const classify = createConvolution(`${name}.1`, size);
  return {
    ...joinParameters(unit, classify),
    forward: (maps, options) => classify.forward(unit.forward(maps, options)),
  };
}

/**
 * The tap of that name; the first of the coarsest level but one unless named, as UPerNet has it.
 * @throws DifftapError CONFIG_INVALID for a name that no tap has.
 */
export function auxiliaryTap(taps: readonly HeadTap[], name: string | undefined): HeadTap {
  const levels = levelsOf(taps);
  if (name === undefined) return (levels.at(-2) ?? levels[0]!).taps[0]!;
  const found = taps.find((tap) => tap.name === name);
  if (found) return found;
  const known = taps.map((tap) => tap.name);
  throw new DifftapError("CONFIG_INVALID", `auxiliary tap "${name}" is none of those that are read`, {
    hint: `did you mean "${nearest(name, known)}"? They are ${known.join(", ")}`,
    details: { name, known },
  });
}
