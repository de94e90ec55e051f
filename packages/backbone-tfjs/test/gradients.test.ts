/**
 * Gradients for weights, inputs and injected feedback against central differences of the float64 forward, along one direction
 * per parameter of the network, per input and per block.
 */
import type { Architecture } from "@difftap/backbone";
import type { NdArray } from "@difftap/core";
import { describeEngines } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { createTfjsUnet } from "../src/index.js";
import { type Plain, plain, runFloat64 } from "./float64.js";
import { phaseOf, tensor, tiny, wave, waveWeights } from "./tiny.js";

/** Half the side that the network is named for: any that its levels divide will do. */
const SHAPE = [2, 3, 4, 4];
const OUTPUT = [2, 6, 4, 4];
const TIMESTEPS = [37, 402];
const LABELS = [3, 871];
const FEEDBACK = { block: 2, shape: [2, 32, 4, 4] };
/** Small enough for the third derivative of a norm over few values, large enough for float64. */
const STEP = 1e-6;
/** Of what a gradient of that length gives along a direction at random; biases before a norm all but cancel, which float32 shows. */
const TOLERANCE = 2e-3;

const networks: Readonly<Record<string, Architecture>> = {
  "scale and shift, convolutions that resize": tiny(),
  "added embedding, residual blocks that resize, new order, classes": tiny({
    use_scale_shift_norm: false,
    resblock_updown: true,
    use_new_attention_order: true,
    num_heads_upsample: 4,
    class_cond: true,
  }),
};

/** Parameters of one kind in all blocks move together: "in_layers.2.weight"; "x" and "feedback" are kinds of their own. */
function kindOf(name: string): string {
  return name.replace(/^(input_blocks|output_blocks)\.\d+\.\d+\.|^middle_block\.\d+\./, "");
}

function directionsOf(weights: ReadonlyMap<string, NdArray>): Map<string, Float32Array> {
  const shapes = [...weights].map(([name, { shape }]) => [name, shape] as const);
  const all = [...shapes, ["x", SHAPE] as const, ["feedback", FEEDBACK.shape] as const];
  return new Map(all.map(([name, shape]) => [name, wave(shape, phaseOf(name) + 1)]));
}

/** The loss is the output along a fixed direction. */
function lossFloat64(
  architecture: Architecture,
  moved: (name: string, values: ArrayLike<number>) => Plain["data"],
) {
  const weights = new Map(
    [...waveWeights(architecture)].map(([name, { shape, data }]) => [name, plain(shape, moved(name, data))]),
  );
  const x = plain(SHAPE, moved("x", wave(SHAPE, 3)));
  const feedback = plain(FEEDBACK.shape, moved("feedback", wave(FEEDBACK.shape, 5)));
  const labels = architecture.classes === null ? undefined : plain([2], LABELS);
  const inputs = { x, timesteps: plain([2], TIMESTEPS), labels };
  const output = runFloat64(architecture, weights, inputs, new Map([[FEEDBACK.block, feedback]]));
  const along = wave(OUTPUT, 11);
  return output.reduce((sum, value, i) => sum + value * along[i]!, 0);
}

function difference(
  architecture: Architecture,
  kind: string,
  directions: ReadonlyMap<string, Float32Array>,
): number {
  const loss = (step: number): number =>
    lossFloat64(architecture, (name, values) => {
      const direction = directions.get(name)!;
      const reach = kindOf(name) === kind ? step : 0;
      return Float64Array.from(values, (value, i) => value + reach * direction[i]!);
    });
  return (loss(STEP) - loss(-STEP)) / (2 * STEP);
}

const known = new Map<Architecture, Map<string, number>>();

/** By kind; computed once for all engines. */
function differencesOf(architecture: Architecture): Map<string, number> {
  const directions = directionsOf(waveWeights(architecture));
  const kinds = new Set([...directions.keys()].map(kindOf));
  const found =
    known.get(architecture) ??
    new Map([...kinds].map((kind) => [kind, difference(architecture, kind, directions)]));
  known.set(architecture, found);
  return found;
}

/** Of all parameters of a kind: the gradient along the direction, and both squared lengths. */
interface Derivative {
  along: number;
  gradient: number;
  direction: number;
  count: number;
}

function add(sum: Derivative, gradient: ArrayLike<number>, direction: Float32Array): void {
  direction.forEach((each, i) => {
    sum.along += each * gradient[i]!;
    sum.gradient += gradient[i]! ** 2;
    sum.direction += each ** 2;
  });
  sum.count += direction.length;
}

/** Over what a direction at random would give. */
function errorOf({ along, gradient, direction, count }: Derivative, expected: number): number {
  return Math.abs(along - expected) / Math.sqrt((gradient * direction) / count);
}

async function derivativesOf(
  architecture: Architecture,
  recompute: boolean,
): Promise<Map<string, Derivative>> {
  const weights = waveWeights(architecture);
  const unet = await createTfjsUnet({ architecture, weights, trainable: true, recompute });
  const x = tf.variable(tensor(SHAPE, wave(SHAPE, 3)));
  const feedback = tf.variable(tensor(FEEDBACK.shape, wave(FEEDBACK.shape, 5)));
  const labels = architecture.classes === null ? undefined : tf.tensor(LABELS, [2], "int32");
  const along = tensor(OUTPUT, wave(OUTPUT, 11));
  const variables = new Map([...unet.variables, ["x", x] as const, ["feedback", feedback] as const]);
  const { grads } = tf.variableGrads(() => {
    const output = unet.forward(
      { x, timesteps: tf.tensor(TIMESTEPS), labels },
      {
        visit: ({ number }, value) =>
          number === FEEDBACK.block ? { replace: tf.add(value, feedback) } : undefined,
      },
    );
    return tf.sum(tf.mul(output!, along)) as tf.Scalar;
  }, [...variables.values()]);
  const derivatives = new Map<string, Derivative>();
  const directions = directionsOf(weights);
  for (const [name, variable] of variables) {
    const kind = kindOf(name);
    const sum = derivatives.get(kind) ?? { along: 0, gradient: 0, direction: 0, count: 0 };
    derivatives.set(kind, sum);
    add(sum, await grads[variable.name]!.data(), directions.get(name)!);
    variable.dispose();
  }
  return derivatives;
}

describe.each(Object.entries(networks))("%s", (_, architecture) => {
  describeEngines("on", (engine) => {
    test.each([false, true])("every derivative, recompute %s", async (recompute) => {
      tf.engine().startScope();
      const found = await derivativesOf(architecture, recompute);
      tf.engine().endScope();
      const expected = differencesOf(architecture);
      expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
      const errors = [...expected].map(([kind, value]) => [kind, errorOf(found.get(kind)!, value)] as const);
      const worst = errors.reduce((a, b) => (b[1] > a[1] ? b : a));
      if (process.env.DIFFTAP_FIGURES) process.stdout.write(`${engine} recompute ${recompute}: ${worst}\n`);
      expect(errors.filter(([, error]) => !(error < TOLERANCE))).toEqual([]);
    });
  });
});
