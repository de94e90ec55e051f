/**
 * Weights of the real shapes without a download: the baseline of untrained features, and a stand-in for a published
 * file in tests and measurements of memory and speed.
 *
 * ```ts
 * import { presets, randomWeights } from "@difftap/backbone";
 *
 * const source = randomWeights(presets["64x64_diffusion"].architecture, 1);
 * const kernel = await source.read("input_blocks.0.0.weight"); // made now, not before
 * ```
 *
 * Source: PyTorch's defaults for Conv and Linear (uniform within ±1/√fan_in, kernel and bias), GroupNorm (1 and 0) and
 * Embedding (standard normal); guided-diffusion's zero_module.
 */
import type { TensorInfo, WeightSource } from "@difftap/checkpoint";
import {
  DifftapError,
  elementCount,
  hashId,
  type NdArray,
  ndarray,
  normals,
  streams,
  uniforms,
} from "@difftap/core";
import type { Architecture } from "./architecture.js";
import { parameterShapes } from "./parameters.js";

/**
 * What happens to the convolutions that the reference starts at zero (each residual branch's last, each attention's
 * output projection, the network's last): "zero", as there, or "random", like any other convolution.
 */
export type ZeroModules = "zero" | "random";

/** How far a parameter's values reach. */
type Rule = { readonly kind: "constant"; readonly value: number } | { readonly kind: "normal" } | UniformRule;
interface UniformRule {
  readonly kind: "uniform";
  readonly bound: number;
}

/**
 * Weights drawn anew at every read: nothing is held, each tensor depends on the seed and its own name only, so any
 * tensor can be had alone and in any order, and it is the same each time.
 * @param seed an integer; another seed gives other weights.
 */
export function randomWeights(
  architecture: Architecture,
  seed: number | bigint,
  options: { readonly zeroModules?: ZeroModules } = {},
): WeightSource {
  const zeroModules = options.zeroModules ?? "zero";
  const shapes = parameterShapes(architecture);
  const info = (name: string, shape: readonly number[]): TensorInfo => ({ name, dtype: "float32", shape });
  return {
    path: `random:seed=${seed},zeroModules=${zeroModules}`,
    tensors: new Map([...shapes].map(([name, shape]) => [name, info(name, shape)])),
    metadata: {},
    read: async (name) => draw(shapes, name, seed, zeroModules),
    close: async () => undefined,
  };
}

function draw(
  shapes: ReadonlyMap<string, readonly number[]>,
  name: string,
  seed: number | bigint,
  zeroModules: ZeroModules,
): NdArray {
  const shape = shapes.get(name);
  if (shape === undefined) {
    throw new DifftapError("USAGE_INVALID", `this architecture has no parameter ${name}`, {
      details: { name },
    });
  }
  const values = fill(ruleOf(shapes, name, zeroModules), elementCount(shape), {
    seed,
    stream: streams.weights,
    index: hashId(name),
  });
  return ndarray("float32", shape, values);
}

function fill(rule: Rule, count: number, address: Parameters<typeof normals>[0]): Float32Array {
  switch (rule.kind) {
    case "constant":
      return new Float32Array(count).fill(rule.value);
    case "normal":
      return normals(address, count);
    case "uniform":
      return within(rule.bound, uniforms(address, count));
  }
}

/** [0, 1) → [−bound, bound). */
function within(bound: number, units: Float64Array): Float32Array {
  const values = new Float32Array(units.length);
  for (let i = 0; i < units.length; i += 1) values[i] = (2 * units[i]! - 1) * bound;
  return values;
}

function ruleOf(
  shapes: ReadonlyMap<string, readonly number[]>,
  name: string,
  zeroModules: ZeroModules,
): Rule {
  const layer = name.slice(0, name.lastIndexOf("."));
  const kernel = shapes.get(`${layer}.weight`)!;
  if (name === "label_emb.weight") return { kind: "normal" };
  if (kernel.length === 1) return { kind: "constant", value: name.endsWith(".weight") ? 1 : 0 };
  if (zeroModules === "zero" && startsAtZero(layer)) return { kind: "constant", value: 0 };
  return { kind: "uniform", bound: 1 / Math.sqrt(elementCount(kernel.slice(1))) };
}

function startsAtZero(layer: string): boolean {
  return layer === "out.2" || layer.endsWith(".out_layers.3") || layer.endsWith(".proj_out");
}
