/** What follows for x_0 and ε from what a network predicts. Source: Ho et al. 2020, section 3.2; Song et al. 2020, equation 12. */
import { affine } from "./affine.js";
import { type Batch, requireLengths, type Timesteps } from "./batch.js";
import type { Schedule } from "./schedule.js";

/** x_0 from x_t and ε: (x_t − √(1 − ᾱ)·ε) / √ᾱ. @throws DifftapError as `qSample` does */
export function xStartFromEpsilon<B extends Batch>(
  schedule: Schedule,
  xT: B,
  epsilon: Batch,
  timesteps: Timesteps,
): B {
  requireLengths(xT.length, { epsilon });
  const { sqrtRecipAlphasCumprod, sqrtRecipm1AlphasCumprod } = schedule;
  return affine(
    schedule,
    timesteps,
    [(t) => sqrtRecipAlphasCumprod[t]!, xT],
    [(t) => -sqrtRecipm1AlphasCumprod[t]!, epsilon],
  );
}

/** ε from x_t and x_0. @throws DifftapError as `qSample` does */
export function epsilonFromXStart<B extends Batch>(
  schedule: Schedule,
  xT: B,
  xStart: Batch,
  timesteps: Timesteps,
): B {
  requireLengths(xT.length, { xStart });
  const { sqrtRecipAlphasCumprod, sqrtRecipm1AlphasCumprod } = schedule;
  return affine(
    schedule,
    timesteps,
    [(t) => sqrtRecipAlphasCumprod[t]! / sqrtRecipm1AlphasCumprod[t]!, xT],
    [(t) => -1 / sqrtRecipm1AlphasCumprod[t]!, xStart],
  );
}

/** x_0 from x_t and a predicted posterior mean: that mean solved for x_0. @throws DifftapError as `qSample` does */
export function xStartFromPrevious<B extends Batch>(
  schedule: Schedule,
  xT: B,
  previous: Batch,
  timesteps: Timesteps,
): B {
  requireLengths(xT.length, { previous });
  const { posteriorMeanCoef1, posteriorMeanCoef2 } = schedule;
  return affine(
    schedule,
    timesteps,
    [(t) => -posteriorMeanCoef2[t]! / posteriorMeanCoef1[t]!, xT],
    [(t) => 1 / posteriorMeanCoef1[t]!, previous],
  );
}

/** x_0 from x_t and v: √ᾱ·x_t − √(1 − ᾱ)·v. Source: Salimans and Ho 2022 (arXiv 2202.00512), appendix D. @throws DifftapError as `qSample` does */
export function xStartFromVelocity<B extends Batch>(
  schedule: Schedule,
  xT: B,
  velocity: Batch,
  timesteps: Timesteps,
): B {
  requireLengths(xT.length, { velocity });
  const { sqrtAlphasCumprod, sqrtOneMinusAlphasCumprod } = schedule;
  return affine(
    schedule,
    timesteps,
    [(t) => sqrtAlphasCumprod[t]!, xT],
    [(t) => -sqrtOneMinusAlphasCumprod[t]!, velocity],
  );
}

/** v = √ᾱ·ε − √(1 − ᾱ)·x_0, which a network of mean type VELOCITY predicts. @throws DifftapError as `qSample` does */
export function velocityOf<B extends Batch>(
  schedule: Schedule,
  xStart: B,
  epsilon: Batch,
  timesteps: Timesteps,
): B {
  requireLengths(xStart.length, { epsilon });
  const { sqrtAlphasCumprod, sqrtOneMinusAlphasCumprod } = schedule;
  return affine(
    schedule,
    timesteps,
    [(t) => -sqrtOneMinusAlphasCumprod[t]!, xStart],
    [(t) => sqrtAlphasCumprod[t]!, epsilon],
  );
}
