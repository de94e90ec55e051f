/**
 * Images, boxes, masks and label maps augmented together. What happens to an image is addressed by (seed, id, epoch): the
 * same in any batch, in any order, after any resumption, and another in each epoch.
 *
 * ```ts
 * import { augmentTogether } from "@difftap/datasets";
 *
 * const pixels = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48 };
 * const object = { label: 0, box: [8, 8, 16, 16] as const, area: 256, crowd: false, difficult: false };
 * const augmented = augmentTogether({ pixels, objects: [object] }, {
 *   canvas: { height: 32, width: 32 },
 *   fit: "letterbox",
 *   augmentation: { scale: [0.5, 2], colours: { brightness: 0.2 } },
 *   address: { seed: 0, id: "a", epoch: 3 },
 * });
 * console.log(augmented.view.mirrored, augmented.objects);
 * ```
 */
import { DifftapError, hashId, type RandomAddress, streams, uniforms } from "@difftap/core";
import type { AnnotatedObject, ImageSize, LabelMap } from "../annotations.js";
import type { Pixels } from "../image/resample.js";
import { type ColourJitter, changeColours, drawColours } from "./colours.js";
import { labelMapToCanvas } from "./nearest.js";
import { objectsToCanvas } from "./objects.js";
import { pixelsToCanvas } from "./pixels.js";
import { type Fit, fittedSize, type View } from "./view.js";

export interface ViewAugmentation {
  /** Least and greatest factor on the fitted size, drawn evenly on a logarithmic scale; what no longer fits is cropped. [1, 1] unless given. */
  readonly scale?: readonly [number, number] | undefined;
  /** Share of the images that are mirrored; half unless given. */
  readonly flip?: number | undefined;
  readonly colours?: ColourJitter | undefined;
  /** Objects stay while at least this share of their box is shown; 0.2 unless given. */
  readonly keep?: number | undefined;
}

/** Which image, in which epoch. */
export interface ViewAddress {
  readonly seed: number;
  readonly id: string;
  readonly epoch: number;
}

export interface AnnotatedImage {
  readonly pixels: Pixels;
  readonly objects?: readonly AnnotatedObject[] | undefined;
  readonly labelMap?: LabelMap | undefined;
}

export interface JointAugmentation {
  readonly canvas: ImageSize;
  readonly fit: Fit;
  readonly augmentation: ViewAugmentation;
  readonly address: ViewAddress;
  /** Value of label maps where the canvas shows nothing; 255 unless given. */
  readonly ignore?: number | undefined;
}

/**
 * Resizes, crops or pads to the canvas, mirrors and changes colours. Nothing given is changed.
 * @throws DifftapError USAGE_INVALID for factors that are no range above 0
 */
export function augmentTogether(
  { pixels, objects, labelMap }: AnnotatedImage,
  { canvas, fit, augmentation, address, ignore = 255 }: JointAugmentation,
): AnnotatedImage & { readonly view: View } {
  const view = drawView(
    { height: pixels.height, width: pixels.width },
    { canvas, fit, augmentation, address },
  );
  return {
    view,
    pixels: coloured(pixelsToCanvas(pixels, view), augmentation, address),
    ...(objects !== undefined && { objects: objectsToCanvas(objects, view, keptShare(augmentation)) }),
    ...(labelMap !== undefined && { labelMap: labelMapToCanvas(labelMap, view, ignore) }),
  };
}

/** The least share of a box that keeps its object. */
export function keptShare({ keep = 0.2 }: ViewAugmentation): number {
  return keep;
}

export function coloured(pixels: Pixels, { colours }: ViewAugmentation, address: ViewAddress): Pixels {
  return colours === undefined
    ? pixels
    : changeColours(pixels, drawColours(colours, randomAddress(COLOURS, address)));
}

/** A view by chance: the size first, then the place, which may cut the image or leave the canvas empty around it. */
export function drawView(source: ImageSize, of: Omit<JointAugmentation, "ignore">): View {
  const { canvas, fit, augmentation, address } = of;
  const { scale: [least, greatest] = [1, 1], flip = 0.5 } = augmentation;
  if (!(least > 0 && greatest >= least)) {
    throw new DifftapError("USAGE_INVALID", `scale is [${least}, ${greatest}]; it must be a range above 0`);
  }
  const [size, x, y, flipped] = uniforms(randomAddress(PLACE, address), 4) as unknown as [
    number,
    number,
    number,
    number,
  ];
  const resized = fittedSize(source, canvas, fit, least * (greatest / least) ** size);
  return {
    source,
    resized,
    left: placed(canvas.width - resized.width, x),
    top: placed(canvas.height - resized.height, y),
    canvas,
    mirrored: flipped < flip,
  };
}

/** A place among those that use the room there is, or, where there is too little, that fill the canvas. */
function placed(room: number, u: number): number {
  const steps = Math.floor(u * (Math.abs(room) + 1));
  return room < 0 ? -steps : steps;
}

/** Finer addresses of the augmentation stream. */
const PLACE = 4;
const COLOURS = 5;

/** Bits of the epoch in a stream. */
const EPOCHS = 2 ** 16;

function randomAddress(what: number, { seed, id, epoch }: ViewAddress): RandomAddress {
  const stream = (streams.augmentation | (what << 8) | ((epoch % EPOCHS) << 16)) >>> 0;
  return { seed, stream, index: hashId(id) };
}
