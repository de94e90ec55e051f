/** Architectures and weights that several tests share. */
import type { TensorInfo } from "@difftap/checkpoint";
import { type Architecture, architectureFromFlags, parameterShapes, type TensorTable } from "../src/index.js";
import { type Tensor, zeros } from "./reference-ops.js";

/** A network small enough for loops: 9 blocks, 16-px maps, attention at half size. */
export function tiny(
  flags: Record<string, unknown> = {},
  diffusion: Record<string, unknown> = {},
): Architecture {
  return architectureFromFlags({
    flags: {
      image_size: 8,
      num_channels: 32,
      num_res_blocks: 1,
      channel_mult: "1,2",
      attention_resolutions: "4",
      num_heads: 2,
      learn_sigma: true,
      ...flags,
    },
    diffusion,
  });
}

/** A table of tensors as a checkpoint of this architecture would have it, with changes. */
export function tableOf(
  architecture: Architecture,
  changes: Record<string, readonly number[] | null> = {},
  path = "model.pt",
): TensorTable {
  const shapes = new Map(parameterShapes(architecture));
  for (const [name, shape] of Object.entries(changes)) {
    if (shape === null) shapes.delete(name);
    else shapes.set(name, shape);
  }
  const info = (name: string, shape: readonly number[]): TensorInfo => ({ name, dtype: "float32", shape });
  return { path, tensors: new Map([...shapes].map(([name, shape]) => [name, info(name, shape)])) };
}

/** Deterministic weights without any generator: a wave whose phase is the tensor's own. */
export function waveWeights(architecture: Architecture): (name: string) => Tensor {
  const shapes = parameterShapes(architecture);
  return (name) => {
    const shape = shapes.get(name)!;
    const out = zeros(shape.length === 3 ? [...shape, 1] : shape);
    const phase = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1009, 7);
    const reach = 1 / Math.sqrt(shape.slice(1).reduce((a, b) => a * b, 1));
    return { shape: out.shape, data: out.data.map((_, i) => Math.sin(phase + i * 1.7) * reach) };
  };
}

/** A tensor of the same kind of wave. */
export function wave(shape: readonly number[], phase = 0): Tensor {
  return { shape, data: zeros(shape).data.map((_, i) => Math.sin(phase + i * 0.37)) };
}
