/** Pretraining's losses of images at timesteps and with noise drawn by address: a term of another training, or a measure that stays the same. */
import { elementCount } from "@difftap/core";
import { tf } from "@difftap/engine";
import type { Schedule } from "@difftap/scheduler";
import { coefficientsAt, type LossKind } from "./coefficients.js";
import type { Denoiser, DenoiserOptions } from "./denoiser.js";
import { drawEvenTimesteps, drawNoise, type StepAddress } from "./draws.js";
import { noised, type PretrainingLosses, pretrainingLosses } from "./loss.js";

export interface DrawnLosses {
  /** Unconditional. */
  readonly model: Pick<Denoiser, "forward">;
  readonly schedule: Schedule;
  readonly kind: LossKind;
  /** x_0 [N, C, H, W] in [−1, 1]. */
  readonly xStart: tf.Tensor;
  /** Names the N timesteps, each index equally likely, and the noise. */
  readonly address: StepAddress;
  readonly options: DenoiserOptions;
}

/**
 * Recorded on the engine, differentiable with respect to the network's parameters. Called inside a tidy.
 * @throws DifftapError as `pretrainingLosses` and the network's forward.
 */
export function drawnLosses({
  model,
  schedule,
  kind,
  xStart,
  address,
  options,
}: DrawnLosses): PretrainingLosses {
  const [n, ...sample] = xStart.shape as [number, ...number[]];
  const timesteps = drawEvenTimesteps(address, n, schedule.steps);
  const drawn = drawNoise(address, { first: 0, count: n }, elementCount(sample));
  const noise = tf.tensor(drawn, xStart.shape);
  const coefficients = coefficientsAt(schedule, kind, timesteps);
  const fed = Float32Array.from(timesteps, (t) => schedule.networkTimesteps[t]!);
  const x = noised({ xStart, noise, coefficients });
  const output = model.forward({ x, timesteps: tf.tensor1d(fed) }, options);
  return pretrainingLosses(schedule, kind, { xStart, noise, output, coefficients });
}
