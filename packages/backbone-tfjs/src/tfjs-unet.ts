/**
 * A U-Net of the ADM family that can be differentiated.
 *
 * ```ts
 * import { createTfjsUnet } from "@difftap/backbone-tfjs";
 *
 * const unet = await createTfjsUnet({ architecture, weights, trainable: true });
 * const { value, grads } = tf.variableGrads(() => loss(unet.forward({ x, timesteps })), unet.trainable);
 * ```
 */
import {
  type Architecture,
  type BlockInfo,
  blockTable,
  checkWeights,
  kernelShape,
  parameterShapes,
  type UnetInputs,
  unet,
  type Visit,
} from "@difftap/backbone";
import { DifftapError } from "@difftap/core";
import * as tf from "@tensorflow/tfjs-core";
import type { DropoutAddress } from "./ops/dropout.js";
import { channelsFirst, channelsLast } from "./ops/layout.js";
import { tfjsOps } from "./ops/tfjs-ops.js";
import { readVariables, type TrainableChoice, type Weights, weightSource } from "./variables.js";

export interface TfjsUnetOptions {
  readonly architecture: Architecture;
  /** An open checkpoint, which stays open, or tensors by name; upcast to float32. */
  readonly weights: Weights;
  /** False unless given: frozen, and no gradient work is spent on parameters. */
  readonly trainable?: TrainableChoice;
}

export interface ForwardOptions {
  /** Sees each block's output [N, C, H, W]; may replace it or stop the run, as in `unet` of @difftap/backbone. */
  readonly visit?: Visit<tf.Tensor>;
  /** Dropout is on; false unless given. */
  readonly training?: boolean;
  /** Where dropout's masks come from; needed in training when the architecture has dropout. */
  readonly dropoutAddress?: DropoutAddress;
}

export interface TfjsUnet {
  readonly architecture: Architecture;
  readonly blocks: readonly BlockInfo[];
  /** Every parameter by its name in the state dict, float32, in the checkpoint's shape. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  /** Names of the parameters that are trained. */
  readonly trainable: readonly string[];
  /**
   * Runs the network: x [N, 3, H, W] in [−1, 1], timesteps [N] as the network is fed, labels [N] for class-conditional
   * ones. Differentiable with respect to trainable parameters, x, and what `visit` puts in a block's place.
   * @returns the output [N, 3 or 6, H, W], or undefined when `visit` stopped the run. Made in the caller's scope.
   * @throws DifftapError REQUEST_INVALID for labels that are missing or not wanted, and for dropout without an address.
   */
  forward(inputs: UnetInputs<tf.Tensor>, options?: ForwardOptions): tf.Tensor4D | undefined;
  dispose(): void;
}

/**
 * Makes the variables and checks that they are what the architecture needs.
 * @throws DifftapError WEIGHTS_MISMATCH listing every tensor that does not fit; CHECKPOINT_REFUSED for damaged bytes.
 */
export async function createTfjsUnet({
  architecture,
  weights,
  trainable = false,
}: TfjsUnetOptions): Promise<TfjsUnet> {
  const source = weightSource(weights);
  checkWeights(architecture, source);
  const variables = await readVariables(source, parameterShapes(architecture).keys(), trainable);
  return {
    architecture,
    blocks: blockTable(architecture),
    variables,
    trainable: [...variables].flatMap(([name, variable]) => (variable.trainable ? [name] : [])),
    forward: (inputs, options = {}) => run(architecture, variables, inputs, options),
    dispose() {
      for (const variable of variables.values()) variable.dispose();
    },
  };
}

function run(
  architecture: Architecture,
  variables: ReadonlyMap<string, tf.Variable>,
  { x, ...others }: UnetInputs<tf.Tensor>,
  options: ForwardOptions,
): tf.Tensor4D | undefined {
  const ops = tfjsOps((name) => asKernel(variables.get(name)!), dropoutOf(architecture, options));
  const inputs = { x: channelsLast(x), ...others };
  const output = unet(ops, architecture, ops, inputs, visitInOrder(options.visit));
  return output && channelsFirst(output);
}

/** Attention's kernels get their fourth dimension. */
function asKernel(variable: tf.Variable): tf.Tensor {
  const shape = kernelShape(variable.shape);
  return shape.length === variable.rank ? variable : tf.reshape(variable, [...shape]);
}

/** The visitor sees and gives maps with channels first. */
function visitInOrder(visit: Visit<tf.Tensor> | undefined): Visit<tf.Tensor> {
  if (visit === undefined) return () => undefined;
  return (block, value) => {
    const answer = visit(block, channelsFirst(value));
    if (typeof answer !== "object" || answer.replace === undefined) return answer;
    return { replace: channelsLast(answer.replace) };
  };
}

function dropoutOf(
  { dropout }: Architecture,
  { training = false, dropoutAddress }: ForwardOptions,
): DropoutAddress | null {
  if (!training || dropout === 0) return null;
  if (dropoutAddress !== undefined) return dropoutAddress;
  throw new DifftapError("REQUEST_INVALID", `training with dropout ${dropout} needs a dropoutAddress`, {
    hint: "give { seed, index }, index being the step; or an architecture with dropout 0",
    details: { dropout },
  });
}
