/**
 * Small JPEGs decoded many at a time. Decoding 32×32 pixels through sharp is mostly the cost of the call, so images of one
 * size are stacked into one tall image by a single call and cut apart again. Only JPEGs whose pixels cannot depend on their
 * neighbours are taken: three 8-bit components, baseline or progressive, and no metadata but JFIF's and Adobe's. Grey, CMYK,
 * profiles, Exif, gain maps and the other formats are decoded alone.
 */
import sharp from "sharp";
import type { EncodedImage, RawImage, SourceImage } from "../dataset.js";
import { decodeOptions, toRgb } from "./decode.js";

/** Beyond these, what a call costs is little beside the decoding, and holding images back takes memory. */
const MOST_PIXELS = 64 * 64;
const MOST_BYTES = 64 * 1024;

/** Images per call: more gain nothing further, and leave less to do side by side. */
const GROUP = 16;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** An image that may be decoded with others of its size. */
export interface SmallJpeg {
  readonly image: EncodedImage;
  /** What its header announces. */
  readonly size: Size;
}

/** @returns null when the image must be decoded alone */
export function smallJpeg(image: SourceImage): SmallJpeg | null {
  if (image.kind !== "encoded" || image.bytes.length > MOST_BYTES) return null;
  const size = frameSize(image.bytes);
  return size !== null && size.width * size.height <= MOST_PIXELS ? { image, size } : null;
}

/** Splits images into lists for `decodeTogether`: one size each, `GROUP` at most. */
export function groupsOfOneSize<T extends SmallJpeg>(images: readonly T[]): T[][] {
  const groups: T[][] = [];
  const open = new Map<string, T[]>();
  for (const image of images) {
    const key = `${image.size.width}×${image.size.height}`;
    let group = open.get(key);
    if (group === undefined || group.length === GROUP) {
      group = [];
      groups.push(group);
      open.set(key, group);
    }
    group.push(image);
  }
  return groups;
}

/**
 * Decodes a group of `groupsOfOneSize` in one call.
 * @returns the images as pixels, in the order given; when one of them cannot be decoded, all as they came, so that each is
 * decoded alone and the damaged one is reported under its own name
 */
export async function decodeTogether(group: readonly SmallJpeg[]): Promise<readonly SourceImage[]> {
  const images = group.map(({ image }) => image);
  if (group.length < 2) return images;
  const { width, height } = group[0]!.size;
  const stack = await decodeStack(images);
  if (stack?.info.width !== width || stack.info.height !== height * images.length) return images;
  const bytes = width * height * 3;
  return images.map(
    ({ source }, i): RawImage => ({
      kind: "pixels",
      pixels: stack.data.subarray(i * bytes, (i + 1) * bytes),
      width,
      height,
      source,
    }),
  );
}

/**
 * One below the other, which leaves each image's pixels in one piece. sharp hands its options to the stack alone; each image
 * is read with "warning" as `failOn`, stricter than `decode`: it can only refuse more, and then all are decoded alone.
 */
async function decodeStack(images: readonly EncodedImage[]) {
  const stack = sharp(
    images.map(({ bytes }) => bytes),
    { ...decodeOptions, join: { across: 1 } },
  );
  return toRgb(stack).catch(() => null);
}

/** Markers that may come before the frame: JFIF, Adobe, tables, restart interval, comment. All have a length. */
const passedOver = new Set([0xe0, 0xee, 0xdb, 0xc4, 0xdd, 0xfe]);

/** Baseline, extended and progressive, Huffman-coded. */
const frames = new Set([0xc0, 0xc1, 0xc2]);

/** Walks a JPEG's markers up to its frame header; null for whatever is out of the ordinary. */
function frameSize(bytes: Uint8Array): Size | null {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  const word = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
  for (let at = 2; at + 10 <= bytes.length && bytes[at] === 0xff; at += 2 + word(at + 2)) {
    const marker = bytes[at + 1]!;
    if (frames.has(marker)) {
      const [precision, height, width, components] = [
        bytes[at + 4],
        word(at + 5),
        word(at + 7),
        bytes[at + 9],
      ];
      return precision === 8 && components === 3 && width * height > 0 ? { width, height } : null;
    }
    if (!passedOver.has(marker)) return null;
  }
  return null;
}
