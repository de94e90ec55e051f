/** Kernels whose result has a shape that its data decides, or that draw random numbers: they read, and compute here. */
import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { OnnxRuntimeBackend } from "../backend.js";
import type { Recorder } from "../graph/recorder.js";
import { type Kernel, kernel } from "../kernel.js";
import { castEdge } from "./elementwise.js";

/** A generator of uniform numbers in [0, 1) (Marsaglia's xorshift, 32 bits): TensorFlow.js fixes no sequence for a seed. */
function uniforms(seed: number): () => number {
  let state = (Math.floor(seed * 2 ** 31) ^ 0x9e3779b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

interface Drawing {
  readonly numSamples: number;
  readonly seed: number;
  readonly normalized: boolean;
}

function draw(probabilities: Float32Array, classes: number, { numSamples, seed }: Drawing): Int32Array {
  const rows = probabilities.length / classes;
  const next = uniforms(seed);
  const samples = new Int32Array(rows * numSamples);
  for (let i = 0; i < samples.length; i++) {
    const start = Math.floor(i / numSamples) * classes;
    samples[i] = pick(probabilities.subarray(start, start + classes), next());
  }
  return samples;
}

/** The class in which the running sum passes the number. */
function pick(probabilities: Float32Array, number: number): number {
  let sum = 0;
  for (let k = 0; k < probabilities.length - 1; k++) {
    sum += probabilities[k]!;
    if (number < sum) return k;
  }
  return probabilities.length - 1;
}

function probabilitiesOf(
  graph: Recorder,
  backend: OnnxRuntimeBackend,
  logits: TensorInfo,
  normalized: boolean,
) {
  if (normalized) return backend.readSync(logits.dataId) as Float32Array;
  const edge = castEdge(graph, graph.input(logits), "float32");
  const shares = graph.tensor(graph.node("Softmax", [edge], edge, { attributes: { axis: -1 } }));
  const values = backend.readSync(shares.dataId) as Float32Array;
  backend.disposeData(shares.dataId);
  return values;
}

interface Distinct {
  readonly outputValues: number[];
  readonly indices: Int32Array;
  readonly shape: number[];
}

/** Slices along an axis that occur, in the order in which they first do, and for each slice which of them it is. */
function distinct(values: ArrayLike<number>, shape: readonly number[], axis: number): Distinct {
  const outer = shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const length = shape[axis]!;
  const slice = (k: number) =>
    Array.from(
      { length: outer * inner },
      (_, i) => values[(Math.floor(i / inner) * length + k) * inner + (i % inner)]!,
    );
  const places = new Map<string, number>();
  const found: number[][] = [];
  const indices = Int32Array.from({ length }, (_, k) => {
    const each = slice(k);
    const key = each.join();
    if (!places.has(key)) places.set(key, found.push(each) - 1);
    return places.get(key)!;
  });
  const outputValues = Array.from({ length: outer * found.length * inner }, (_, i) => {
    const o = Math.floor(i / (found.length * inner));
    return found[Math.floor(i / inner) % found.length]![o * inner + (i % inner)]!;
  });
  return { outputValues, indices, shape: shape.toSpliced(axis, 1, found.length) };
}

export const hostKernels: readonly Kernel[] = [
  kernel<{ logits: TensorInfo }, Drawing>("Multinomial", (graph, { logits }, attributes, backend) => {
    const probabilities = probabilitiesOf(graph, backend, logits, attributes.normalized);
    const samples = draw(probabilities, logits.shape.at(-1)!, attributes);
    return graph.written(samples, [...logits.shape.slice(0, -1), attributes.numSamples], "int32");
  }),
  kernel<{ x: TensorInfo }, { axis: number }>("Unique", (graph, { x }, { axis }, backend) => {
    const values = backend.readSync(x.dataId) as Float32Array;
    const { outputValues, indices, shape } = distinct(
      values,
      x.shape,
      axis < 0 ? axis + x.shape.length : axis,
    );
    const data =
      x.dtype === "float32"
        ? Float32Array.from(outputValues)
        : x.dtype === "int32"
          ? Int32Array.from(outputValues)
          : Uint8Array.from(outputValues);
    return [graph.written(data, shape, x.dtype), graph.written(indices, [indices.length], "int32")];
  }),
];
