/** Batches of images or noise, and arithmetic that differs by sample because each has its own timestep. */
import { DifftapError, elementCount, type NdArray, ndarray } from "@difftap/core";

/** [N, …]; results are of the same dtype, the arithmetic is float64. */
export type Samples = NdArray<"float32"> | NdArray<"float64">;

/** Index of a step for each sample of a batch. */
export type StepIndices = ArrayLike<number>;

/**
 * A batch like `like`, element by element: `value(sample, element)` with `element` counted over the whole batch.
 */
export function mapSamples<S extends Samples>(
  like: S,
  value: (sample: number, element: number) => number,
): S {
  const perSample = elementCount(like.shape.slice(1));
  const out =
    like.dtype === "float32" ? new Float32Array(like.data.length) : new Float64Array(like.data.length);
  for (let element = 0, sample = 0; element < out.length; sample++) {
    for (const end = element + perSample; element < end; element++) out[element] = value(sample, element);
  }
  return ndarray(like.dtype, like.shape, out as never) as unknown as S;
}

/** Mean over everything but the first axis: [N] in float64. */
export function meanPerSample(
  like: Samples,
  value: (sample: number, element: number) => number,
): Float64Array {
  const perSample = elementCount(like.shape.slice(1));
  return Float64Array.from({ length: like.shape[0] ?? 0 }, (_, sample) => {
    let sum = 0;
    for (let element = sample * perSample; element < (sample + 1) * perSample; element++)
      sum += value(sample, element);
    return sum / perSample;
  });
}

/** @throws DifftapError USAGE_INVALID when batches that are combined differ in shape. */
export function checkSameShape(what: string, a: Samples, b: Samples): void {
  if (a.shape.join() === b.shape.join()) return;
  throw new DifftapError(
    "USAGE_INVALID",
    `${what} has shape [${b.shape.join(", ")}] where [${a.shape.join(", ")}] is needed`,
  );
}

/** @throws DifftapError REQUEST_INVALID unless there is one legal step index per sample. */
export function checkSteps(batch: Samples, t: StepIndices, steps: number): void {
  if (t.length !== batch.shape[0]) {
    throw new DifftapError("REQUEST_INVALID", `${t.length} timesteps for a batch of ${batch.shape[0]}`);
  }
  for (let sample = 0; sample < t.length; sample++) {
    const step = t[sample]!;
    if (Number.isInteger(step) && step >= 0 && step < steps) continue;
    throw new DifftapError("REQUEST_INVALID", `timestep ${step} of sample ${sample} does not exist`, {
      hint: `this process has timesteps 0 to ${steps - 1}`,
      details: { sample, timestep: step, steps },
    });
  }
}
