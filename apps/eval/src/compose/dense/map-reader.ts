/** Maps of images of any legal size, out of the frozen runtime: what necks and pixel decoders are fed. */
import { type ImageSize, sideMultiple } from "@difftap/backbone";
import { DifftapError, type NdArray } from "@difftap/core";
import type { HeadTap } from "@difftap/heads";
import { noiseId } from "@difftap/taps";
import { resizeImages } from "./resize-images.js";
import { openSizedReader, type SizedReaderOptions } from "./sized-reader.js";

export interface MapReaderOptions extends SizedReaderOptions {
  /** What the sizes that taps name belong to: images of this size are resized to those, others as much. Needed where a tap names one. */
  readonly canvas?: ImageSize | undefined;
}

export interface NamedImages {
  /** [N, 3, height, width]: pixels, or x_0 in [−1, 1] already. */
  readonly images: NdArray<"uint8"> | NdArray<"float32">;
  /** N ids: the noise is addressed by them. */
  readonly ids: readonly string[];
}

export interface MapReader {
  /** Sides of images are multiples of this. */
  readonly multiple: number;
  /** [N, C, h, w] by the taps' names. @throws DifftapError REQUEST_INVALID for blocks and sizes that the backbone does not have. */
  read(images: NamedImages, noiseSeed: number): Promise<Record<string, NdArray<"float32">>>;
  close(): Promise<void>;
}

/**
 * Taps that name a size are read from the images resized to it; their noise is that of the id `ID@SIZE`, as in a store.
 * @throws DifftapError USAGE_INVALID for such a tap without a canvas.
 */
export function openMapReader(options: MapReaderOptions): MapReader {
  const { runtime, taps, canvas } = options;
  const scales = scalesOf(taps, canvas);
  const readers = scales.map((scale) => ({
    scale,
    reader: openSizedReader({ ...options, taps: taps.filter((tap) => isSame(scaleOf(tap, canvas), scale)) }),
  }));
  return {
    multiple: sideMultiple(runtime.architecture) * commonMultiple(scales.map(({ down }) => down)),
    async read(images, noiseSeed) {
      const found = await Promise.all(
        readers.map(({ scale, reader }) => reader.read(atScale(images, scale), noiseSeed)),
      );
      return Object.assign({}, ...found);
    },
    async close() {
      await Promise.all(readers.map(({ reader }) => reader.close()));
    },
  };
}

/** Sides are multiplied by up/down, which have no common divisor. */
interface Scale {
  readonly up: number;
  readonly down: number;
}

const isSame = (one: Scale, other: Scale) => one.up === other.up && one.down === other.down;

function scaleOf({ name, size }: HeadTap, canvas: ImageSize | undefined): Scale {
  if (size === undefined) return { up: 1, down: 1 };
  if (canvas === undefined) {
    throw new DifftapError(
      "USAGE_INVALID",
      `tap ${name} is read at another size than a canvas that is not given`,
      {
        hint: "name the canvas that the sizes of taps belong to",
        details: { name },
      },
    );
  }
  const divisor = commonDivisor(size.height, canvas.height);
  return { up: size.height / divisor, down: canvas.height / divisor };
}

/** Each once. */
function scalesOf(taps: readonly HeadTap[], canvas: ImageSize | undefined): Scale[] {
  const scales = taps.map((tap) => scaleOf(tap, canvas));
  return scales.filter((scale, place) => scales.findIndex((other) => isSame(other, scale)) === place);
}

function atScale(given: NamedImages, { up, down }: Scale): NamedImages {
  if (up === down) return given;
  const [, , height, width] = given.images.shape as [number, number, number, number];
  const size = { height: Math.round((height * up) / down), width: Math.round((width * up) / down) };
  return { images: resizeImages(given.images, size), ids: given.ids.map((id) => noiseId(id, size)) };
}

function commonDivisor(one: number, other: number): number {
  return other === 0 ? one : commonDivisor(other, one % other);
}

function commonMultiple(numbers: readonly number[]): number {
  return numbers.reduce((multiple, each) => (multiple * each) / commonDivisor(multiple, each), 1);
}
