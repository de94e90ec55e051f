/** What a request will cost, known before anything runs. */
import { macsUpTo } from "@difftap/backbone";
import { elementsPerImage } from "./arrays.js";
import { checkRequest } from "./check-request.js";
import { type FeatureRequest, imageSizeOf } from "./request.js";

export interface ExtractionPlan {
  readonly images: number;
  /** Runs of one image through the network: one per draw at every noisy timestep, one for "clean". */
  readonly passesPerImage: number;
  readonly passes: number;
  /** The run ends here. */
  readonly deepestBlock: number;
  /** Multiply-accumulates of one pass, up to the deepest block. */
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
  const passesPerImage = request.timesteps.reduce<number>(
    (sum, timestep) => sum + drawsAt(request, timestep),
    0,
  );
  const deepestBlock = Math.max(...taps.map(({ block }) => block));
  const macs = macsUpTo(architecture, imageSizeOf(request));
  const macsPerPass = macs[deepestBlock - 1]!;
  const passes = images * passesPerImage;
  return {
    images,
    passesPerImage,
    passes,
    deepestBlock,
    macsPerPass,
    macsPerImage: macsPerPass * passesPerImage,
    shareOfNetwork: macsPerPass / macs.at(-1)!,
    bytes: images * elementsPerImage(request) * (dtype === "float16" ? 2 : 4),
    ...(rate === undefined ? {} : { seconds: passes / rate }),
  };
}

/** Passes of one image at a timestep. */
export const drawsAt = ({ draws }: FeatureRequest, timestep: FeatureRequest["timesteps"][number]) =>
  timestep === "clean" ? 1 : draws;
