/** What a request will cost, known before anything runs. */
import { macsUpTo } from "@difftap/backbone";
import { elementsPerImage } from "./arrays.js";
import { checkRequest } from "./check-request.js";
import type { FeatureRequest } from "./request.js";
import { sizedTaps } from "./sizes.js";

export interface ExtractionPlan {
  readonly images: number;
  /** Runs of one image through the network: one per draw at every noisy timestep, one for "clean"; so many at each size. */
  readonly passesPerImage: number;
  readonly passes: number;
  /** No run goes further. */
  readonly deepestBlock: number;
  /** Multiply-accumulates of one pass, up to the deepest block; the mean where there are several sizes. */
  readonly macsPerPass: number;
  /** Multiply-accumulates of one image, over all its passes. */
  readonly macsPerImage: number;
  /** Share of a whole forward pass that stopping at the deepest block leaves. */
  readonly shareOfNetwork: number;
  /** Bytes of the features, without labels and ids. */
  readonly bytes: number;
  /** Time at the given rate; absent without one. */
  readonly seconds?: number;
}

/**
 * Plans a request: passes, cost, bytes, and the time they take at a measured `rate` of passes (images × passesPerImage) per second.
 * @throws DifftapError REQUEST_INVALID as `checkRequest`.
 */
export function planExtraction(
  request: FeatureRequest,
  rate?: number,
  dtype: "float16" | "float32" = "float32",
): ExtractionPlan {
  checkRequest(request);
  const { architecture, taps } = request;
  const images = request.dataset.count;
  const sizes = sizedTaps(request);
  const passesAtSize = request.timesteps.reduce<number>(
    (sum, timestep) => sum + drawsAt(request, timestep),
    0,
  );
  const passesPerImage = passesAtSize * sizes.length;
  const deepestBlock = deepestOf(taps);
  const macs = sizes.map((read) => {
    const upTo = macsUpTo(architecture, read.size);
    return { read: upTo[deepestOf(read.taps) - 1]!, whole: upTo.at(-1)! };
  });
  const [read, whole] = [sumOf(macs.map((size) => size.read)), sumOf(macs.map((size) => size.whole))];
  const passes = images * passesPerImage;
  return {
    images,
    passesPerImage,
    passes,
    deepestBlock,
    macsPerPass: read / sizes.length,
    macsPerImage: read * passesAtSize,
    shareOfNetwork: read / whole,
    bytes: images * elementsPerImage(request) * (dtype === "float16" ? 2 : 4),
    ...(rate === undefined ? {} : { seconds: passes / rate }),
  };
}

const deepestOf = (taps: FeatureRequest["taps"]) => Math.max(...taps.map(({ block }) => block));

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/** Passes of one image at a timestep and a size. */
export const drawsAt = ({ draws }: FeatureRequest, timestep: FeatureRequest["timesteps"][number]) =>
  timestep === "clean" ? 1 : draws;
