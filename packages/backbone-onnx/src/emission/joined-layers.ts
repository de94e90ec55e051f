/** A normalisation's affine map joined with the linear layer beside it: see folding.ts for the algebra. */
import type { Value } from "@difftap/onnx-graph";
import type { Emitter } from "./emitter.js";
import * as fold from "./folding.js";
import type { Affine, Normalization } from "./normalization.js";

/** A projection of the embedding; `weight` and `bias` are parameter names. */
export interface Projection {
  readonly input: Value;
  readonly weight: string;
  readonly bias: string;
}

/**
 * Factor and offset of a normalisation under scale and shift, both halves of one projection.
 * @param shared the embedding has one row, for all samples.
 */
export function conditionedAffine(
  emitter: Emitter,
  norm: Normalization,
  { input, weight, bias }: Projection,
  shared: boolean,
): Affine {
  const shape = emitter.shapeOf(weight);
  const own = [norm.weight, norm.bias];
  const parameters = [
    emitter.folded(`${weight}.conditioned`, shape, [weight, ...own], fold.foldProjectionWeight),
    emitter.folded(`${bias}.conditioned`, [shape[0]!], [bias, ...own], fold.foldProjectionBias),
  ];
  const rows = emitter.graph.node("Gemm", [input, ...parameters], { transB: 1 });
  const [factor, offset] = shared
    ? emitHalves(emitter, emitter.reshape(rows, -1), 0)
    : emitHalves(emitter, rows, 1);
  return { factor, offset, perSample: !shared };
}

/** Kernel and bias of a 1×1 convolution that take in the affine map of the normalisation before it. */
export function normedPointwise(
  emitter: Emitter,
  norm: Normalization,
  weight: string,
  bias: string,
): Value[] {
  const kernelSources = [weight, norm.weight];
  const biasSources = [bias, weight, norm.bias];
  return [
    emitter.folded(`${weight}.normed`, emitter.shapeOf(weight), kernelSources, fold.foldPointwiseWeight),
    emitter.folded(`${bias}.normed`, emitter.shapeOf(bias), biasSources, fold.foldPointwiseBias),
  ];
}

export function emitHalves(emitter: Emitter, x: Value, axis: number): [Value, Value] {
  return emitter.graph.node("Split", [x], { axis, num_outputs: 2 }, { outputs: 2 }) as [Value, Value];
}
