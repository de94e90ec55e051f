/**
 * Random resized crop and horizontal flip of image batches, for sources that read images. What happens to a sample is addressed by
 * (seed, epoch, sample): the same in any batch, in any order, after any resumption, and another in each epoch.
 *
 * ```ts
 * import { augmentImages } from "@difftap/trainer";
 *
 * const views = augmentImages(images, { seed: 0, epoch: 3, samples: indices, area: [0.8, 1] });
 * ```
 */
import { DifftapError, type NdArray, ndarray, streams, uniforms } from "@difftap/core";

/** Finer address of the augmentation stream. */
const VIEW = streams.augmentation | (3 << 8);
/** Crops that do not fit are drawn again so often; then the whole image is taken. Source: torchvision's RandomResizedCrop. */
const ATTEMPTS = 10;
const NUMBERS_PER_ATTEMPT = 4;

export interface Augmentation {
  readonly seed: number;
  readonly epoch: number;
  /** Index in the training set of each image of the batch. */
  readonly samples: ArrayLike<number>;
  /** Least and greatest share of the image's area that a crop covers; the paper's recipes take [0.8, 1], the default. */
  readonly area?: readonly [number, number];
  /** Least and greatest width over height of a crop; [3/4, 4/3] unless given. */
  readonly aspect?: readonly [number, number];
  /** Share of the images that are mirrored; half unless given. */
  readonly flip?: number;
}

/**
 * Crops, scales each crop back to the image's size (bilinear, pixel centres aligned) and mirrors.
 * @param images [n, channels, height, width]; not changed.
 * @throws DifftapError USAGE_INVALID unless there is one sample index per image.
 */
export function augmentImages(images: NdArray<"uint8">, augmentation: Augmentation): NdArray<"uint8"> {
  const [n = 0, channels = 0, height = 0, width = 0] = images.shape;
  const { samples } = augmentation;
  if (images.shape.length !== 4 || samples.length !== n) {
    throw new DifftapError(
      "USAGE_INVALID",
      `images [${images.shape.join(", ")}] with ${samples.length} sample indices`,
      { hint: "images are [n, channels, height, width], with one index each" },
    );
  }
  const views = ndarray("uint8", images.shape);
  const plane = height * width;
  for (let image = 0; image < n; image++) {
    const view = drawView(augmentation, samples[image]!, { height, width });
    for (let channel = 0; channel < channels; channel++) {
      const start = (image * channels + channel) * plane;
      const [from, to] = [images, views].map(({ data }) => data.subarray(start, start + plane));
      resample(from!, to!, { height, width }, view);
    }
  }
  return views;
}

interface Size {
  readonly height: number;
  readonly width: number;
}

/** Whole pixels, as torchvision draws them. */
interface View extends Size {
  readonly top: number;
  readonly left: number;
  readonly mirrored: boolean;
}

function drawView(augmentation: Augmentation, sample: number, size: Size): View {
  const { seed, epoch, area = [0.8, 1], aspect = [3 / 4, 4 / 3], flip = 0.5 } = augmentation;
  const index = (BigInt(epoch) << 32n) | BigInt(sample);
  const [flipped, ...drawn] = uniforms({ seed, stream: VIEW, index }, 1 + ATTEMPTS * NUMBERS_PER_ATTEMPT);
  const mirrored = flipped! < flip;
  for (let at = 0; at < drawn.length; at += NUMBERS_PER_ATTEMPT) {
    const [u, v, y, x] = drawn.slice(at, at + NUMBERS_PER_ATTEMPT) as [number, number, number, number];
    const pixels = size.height * size.width * mixed(...area, u);
    const ratio = Math.exp(mixed(Math.log(aspect[0]), Math.log(aspect[1]), v));
    const width = Math.round(Math.sqrt(pixels * ratio));
    const height = Math.round(Math.sqrt(pixels / ratio));
    if (width < 1 || height < 1 || width > size.width || height > size.height) continue;
    const top = Math.floor(y * (size.height - height + 1));
    const left = Math.floor(x * (size.width - width + 1));
    return { top, left, height, width, mirrored };
  }
  return { top: 0, left: 0, ...size, mirrored };
}

function mixed(low: number, high: number, share: number): number {
  return low + (high - low) * share;
}

/** One channel. */
function resample(from: Uint8Array, to: Uint8Array, { height, width }: Size, view: View): void {
  const rows = taps(height, view.height, view.top);
  const columns = taps(width, view.width, view.left);
  if (view.mirrored) columns.reverse();
  for (let y = 0; y < height; y++) {
    const { first, second, share } = rows[y]!;
    const [above, below] = [first * width, second * width];
    for (let x = 0; x < width; x++) {
      const column = columns[x]!;
      const [left, right] = [column.first, column.second];
      const upper = mixed(from[above + left]!, from[above + right]!, column.share);
      const lower = mixed(from[below + left]!, from[below + right]!, column.share);
      to[y * width + x] = Math.round(mixed(upper, lower, share));
    }
  }
}

interface Tap {
  readonly first: number;
  readonly second: number;
  /** Of the second. */
  readonly share: number;
}

/** For each of `length` outputs the two inputs it lies between, of `extent` inputs from `start` on. */
function taps(length: number, extent: number, start: number): Tap[] {
  return Array.from({ length }, (_, out) => {
    const place = Math.min(extent - 1, Math.max(0, ((out + 0.5) * extent) / length - 0.5));
    const first = Math.floor(place);
    return {
      first: start + first,
      second: start + Math.min(extent - 1, first + 1),
      share: place - first,
    };
  });
}
