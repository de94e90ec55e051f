/**
 * Group normalisation with what follows it. x̂ = (x − mean)/deviation comes from InstanceNormalization over the
 * groups; its affine map is not computed as such but joined with scale and shift, or folded into a 1×1 convolution.
 */
import type { Value } from "@difftap/onnx-graph";
import type { Emitter } from "./emitter.js";

const GROUPS = 32;
const EPSILON = { float: 1e-5 };

/** A normalisation that was asked for; `weight` and `bias` are parameter names. */
export interface Normalization {
  readonly input: Value;
  readonly weight: string;
  readonly bias: string;
}

/** Factors and offsets of channels: [C] for all samples, or [N, C]. */
export interface Affine {
  readonly factor: Value;
  readonly offset: Value;
  readonly perSample: boolean;
}

/** x̂·factor + offset. */
export function emitNormalized(emitter: Emitter, input: Value, affine: Affine): Value {
  const shape = emitter.mapShape(input);
  if (shape.channels === GROUPS && !affine.perSample) {
    const node = instanceNorm(emitter, input, affine.factor, affine.offset);
    return emitter.map(node, shape);
  }
  return emitter.map(emitAffine(emitter, emitStandardized(emitter, input), affine), shape);
}

/** x̂ alone. */
export function emitStandardized(emitter: Emitter, input: Value): Value {
  const shape = emitter.mapShape(input);
  const ones = emitter.floats(new Array<number>(GROUPS).fill(1));
  const zeros = emitter.floats(new Array<number>(GROUPS).fill(0));
  if (shape.channels === GROUPS) return emitter.map(instanceNorm(emitter, input, ones, zeros), shape);
  const groups = instanceNorm(emitter, emitter.reshape(input, 0, GROUPS, -1), ones, zeros);
  return emitter.map(emitter.reshape(groups, 0, shape.channels, shape.height, shape.width), shape);
}

/** The affine map of the normalisation itself. */
export function ownAffine(emitter: Emitter, { weight, bias }: Normalization): Affine {
  return { factor: emitter.parameter(weight), offset: emitter.parameter(bias), perSample: false };
}

/** One pass over the map where the affine map is the same for all samples: a batch normalisation by 0 and 1. */
export function emitAffine(emitter: Emitter, x: Value, { factor, offset, perSample }: Affine): Value {
  const { graph } = emitter;
  const { channels } = emitter.mapShape(x);
  if (perSample) {
    const scaled = graph.node("Mul", [x, emitter.reshape(factor, -1, channels, 1, 1)]);
    return graph.node("Add", [scaled, emitter.reshape(offset, -1, channels, 1, 1)]);
  }
  const mean = emitter.floats(new Array<number>(channels).fill(0));
  const variance = emitter.floats(new Array<number>(channels).fill(1));
  return graph.node("BatchNormalization", [x, factor, offset, mean, variance], { epsilon: { float: 0 } });
}

function instanceNorm(emitter: Emitter, x: Value, scale: Value, bias: Value): Value {
  return emitter.graph.node("InstanceNormalization", [x, scale, bias], { epsilon: EPSILON });
}
