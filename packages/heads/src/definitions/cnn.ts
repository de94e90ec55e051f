/**
 * Convolutions with stride 2, norm and ReLU → pool → flatten → Linear, as in the paper's predecessor (arXiv 2307.08702). Images of several
 * sizes have convolutions each of their own, and share the Linear. Method: "cnn".
 */
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import { defineHead, type ForwardOptions } from "../definition.js";
import { type BatchNorm, createBatchNorm } from "../layers/batch-norm.js";
import { createConvolution } from "../layers/convolution.js";
import { createLinear } from "../layers/linear.js";
import { joinParameters, type Parameters } from "../parameters.js";
import { adaptiveAveragePool, pooledSize } from "../pooling.js";
import { type HeadTap, sizeSuffix } from "../tap.js";
import { onePlace } from "../tap-grid.js";

const spec = z.strictObject({
  /** Of each convolution, the first one first; each halves the map. */
  channels: z.array(z.int().positive()).min(1).default([512, 512]),
  /** Side of the kernels. */
  kernel: z
    .int()
    .positive()
    .refine((side) => side % 2 === 1, "a kernel's side is odd")
    .default(3),
  norm: z.enum(["batch", "none"]).default("batch"),
  /** Cells per side after the convolutions. */
  pool: z.int().positive().default(1),
});

type CnnSpec = z.output<typeof spec>;

export const cnn = defineHead({
  name: "cnn",
  spec,
  build({ spec: given, taps, classes, seed }) {
    const branches = onePlace("cnn", taps).map((tap) => ({ tap, ...createBranch(tap, given, seed) }));
    const inputs = branches.reduce((sum, { outputs }) => sum + outputs, 0);
    const head = createLinear("head", { inputs, outputs: classes, seed });
    return {
      ...joinParameters(...branches, head),
      // The mean of a map has one length whatever its size.
      mapSizes: given.pool === 1 ? "any" : "as built",
      forward(maps, options) {
        const parts = branches.map(({ tap, forward }) => forward(maps.get(tap.name)!, options));
        return head.forward(parts.length === 1 ? parts[0]! : tf.concat(parts, 1));
      },
    };
  },
});

interface Branch extends Parameters {
  /** Numbers per image that it gives. */
  readonly outputs: number;
  /** [N, C, H, W] → [N, outputs]. */
  forward(maps: tf.Tensor4D, options: ForwardOptions): tf.Tensor2D;
}

/** `convs.STAGE`, of images of another size `convs@48.STAGE`. */
function createBranch(tap: HeadTap, { channels, pool, ...kind }: CnnSpec, seed: number | bigint): Branch {
  const widths = [tap.channels, ...channels];
  const name = `convs${sizeSuffix(tap.size)}`;
  const stages = channels.map((outputs, index) =>
    createStage(`${name}.${index}`, { ...kind, inputs: widths[index]!, outputs, seed }),
  );
  const cells = pooledSize(halved(tap, stages.length), pool);
  const outputs = widths.at(-1)! * cells.height * cells.width;
  return {
    ...joinParameters(...stages),
    outputs,
    forward(maps, options) {
      const first = tf.transpose(maps, [0, 2, 3, 1]);
      const last = stages.reduce((values, stage) => stage.forward(values, options), first);
      const pooled = adaptiveAveragePool(tf.transpose(last, [0, 3, 1, 2]), pool);
      return tf.reshape(pooled, [-1, outputs]);
    },
  };
}

interface Stage extends Parameters {
  forward(maps: tf.Tensor4D, options: ForwardOptions): tf.Tensor4D;
}

interface StageSize extends Pick<CnnSpec, "kernel" | "norm"> {
  readonly inputs: number;
  readonly outputs: number;
  readonly seed: number | bigint;
}

/** `NAME.0` is the convolution, `NAME.1` the norm. A bias before batch norm would have no effect: there is none. */
function createStage(name: string, { inputs, outputs, kernel, norm, seed }: StageSize): Stage {
  const size = { inputs, outputs, kernel, stride: 2, bias: norm === "none", seed };
  const convolution = createConvolution(`${name}.0`, size);
  const batchNorm: BatchNorm | undefined =
    norm === "batch" ? createBatchNorm(`${name}.1`, { channels: outputs, channelAxis: 3 }) : undefined;
  return {
    ...joinParameters(convolution, ...(batchNorm ? [batchNorm] : [])),
    forward(maps, options) {
      const convolved = convolution.forward(maps);
      return tf.relu(batchNorm ? batchNorm.forward(convolved, options) : convolved);
    },
  };
}

function halved({ height, width }: { height: number; width: number }, times: number) {
  return { height: Math.ceil(height / 2 ** times), width: Math.ceil(width / 2 ** times) };
}
