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
  blockParameters,
  blockTable,
  checkWeights,
  parameterShapes,
  resumeUnet,
  type Shortcuts,
  type UnetConditions,
  type UnetInputs,
  type UnetState,
  type Visit,
} from "@difftap/backbone";
import { DifftapError } from "@difftap/core";
import type * as tf from "@tensorflow/tfjs-core";
import { createDropout, type Dropout, type DropoutAddress } from "./ops/dropout.js";
import { channelsFirst, channelsLast } from "./ops/layout.js";
import { tfjsShortcuts } from "./ops/shortcuts.js";
import { tfjsOps } from "./ops/tfjs-ops.js";
import { kernelsOf, readVariables, type TrainableChoice, type Weights, weightSource } from "./variables.js";

export interface TfjsUnetOptions {
  readonly architecture: Architecture;
  /** An open checkpoint, which stays open, or tensors by name; upcast to float32. */
  readonly weights: Weights;
  /** False unless given: frozen, and no gradient work is spent on parameters. */
  readonly trainable?: TrainableChoice;
  /** Keep only what goes into each block, and run it again for the gradient: less memory, more time; false unless given. */
  readonly recompute?: boolean;
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
  /**
   * Runs the blocks after `state.block`; maps of the state are [N, C, H, W]. Differentiable with respect to them too.
   * @returns as `forward`
   * @throws DifftapError as `forward`; REQUEST_INVALID for a skip connection that the state lacks.
   */
  resume(
    inputs: UnetConditions<tf.Tensor> & { readonly state: UnetState<tf.Tensor> },
    options?: ForwardOptions,
  ): tf.Tensor4D | undefined;
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
  recompute = false,
}: TfjsUnetOptions): Promise<TfjsUnet> {
  const source = weightSource(weights);
  checkWeights(architecture, source);
  const variables = await readVariables(source, parameterShapes(architecture).keys(), trainable);
  const network: Network = { architecture, variables, recompute, blocks: blockParameters(architecture) };
  return {
    architecture,
    blocks: blockTable(architecture),
    variables,
    trainable: [...variables].flatMap(([name, variable]) => (variable.trainable ? [name] : [])),
    forward: ({ x, ...conditions }, options = {}) =>
      run(network, { ...conditions, state: { block: 0, value: x, kept: new Map() } }, options),
    resume: (inputs, options = {}) => run(network, inputs, options),
    dispose() {
      for (const variable of variables.values()) variable.dispose();
    },
  };
}

interface Network {
  readonly architecture: Architecture;
  readonly variables: ReadonlyMap<string, tf.Variable>;
  readonly recompute: boolean;
  /** Names of each block's parameters. */
  readonly blocks: ReadonlyMap<number, readonly string[]>;
}

function run(
  network: Network,
  { state, ...conditions }: Parameters<TfjsUnet["resume"]>[0],
  options: ForwardOptions,
): tf.Tensor4D | undefined {
  const { architecture, variables } = network;
  const dropout = dropoutOf(architecture, options);
  const ops = tfjsOps(kernelsOf(variables), dropout);
  const inputs = { ...conditions, state: stateInOrder(state) };
  const shortcuts = shortcutsOf(network, dropout);
  const output = resumeUnet(ops, architecture, ops, inputs, visitInOrder(options.visit), shortcuts);
  return output && channelsFirst(output);
}

function shortcutsOf(
  { variables, recompute, blocks }: Network,
  dropout: Dropout | null,
): Shortcuts<tf.Tensor> {
  const trained = (names: readonly string[]): tf.Variable[] =>
    names.map((name) => variables.get(name)!).filter((variable) => variable.trainable);
  const embedding = [...variables.keys()].filter((name) => /^(time_embed|label_emb)\./.test(name));
  return tfjsShortcuts({
    onRun: ({ number }) => dropout?.startBlock(number),
    trainedIn: (block) => trained(blocks.get(block)!),
    embeddingLearns: trained(embedding).length > 0,
    recompute,
  });
}

function stateInOrder({ block, value, kept }: UnetState<tf.Tensor>): UnetState<tf.Tensor> {
  const turned = [...kept].map(([number, map]) => [number, channelsLast(map)] as const);
  return { block, value: channelsLast(value), kept: new Map(turned) };
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
): Dropout | null {
  if (!training || dropout === 0) return null;
  if (dropoutAddress !== undefined) return createDropout(dropoutAddress);
  throw new DifftapError("REQUEST_INVALID", `training with dropout ${dropout} needs a dropoutAddress`, {
    hint: "give { seed, index }, index being the step; or an architecture with dropout 0",
    details: { dropout },
  });
}
