/**
 * From an encoded image to RGB pixels: sharp decodes in libuv's threads, so the calling thread stays free.
 * Pixels are those of PIL's `convert("RGB")`: grey is repeated, palettes are looked up, alpha is dropped,
 * embedded colour profiles and orientation tags are passed over. The first frame of an animation.
 */
import { DifftapError } from "@difftap/core";
import sharp, { type OutputInfo, type Sharp, type SharpOptions } from "sharp";
import type { EncodedImage } from "../dataset.js";
import { MAX_IMAGE_PIXELS } from "../limits.js";
import type { Pixels } from "./resample.js";

const formats: readonly { name: string; matches(bytes: Uint8Array): boolean }[] = [
  { name: "JPEG", matches: (bytes) => starts(bytes, 0, [0xff, 0xd8, 0xff]) },
  { name: "PNG", matches: (bytes) => starts(bytes, 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) },
  { name: "WebP", matches: (bytes) => ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 12) === "WEBP" },
];

export const decodeOptions: SharpOptions = {
  limitInputPixels: MAX_IMAGE_PIXELS,
  // "error" refuses truncated and damaged images. The stricter default, "warning", also refuses photographs with harmless
  // oddities in their metadata; "none" would return a half-grey image for a truncated one.
  failOn: "error",
  ignoreIcc: true,
};

/**
 * @returns RGB pixels at the image's own size; JPEGs are decoded at full size, never reduced while loading
 * @throws DifftapError IMAGE_CORRUPT naming the source: no JPEG, PNG or WebP; damaged; over `MAX_IMAGE_PIXELS`
 */
export async function decode(image: EncodedImage): Promise<Pixels> {
  checkFormat(image);
  try {
    const { data, info } = await toRgb(sharp(image.bytes, decodeOptions));
    return rgb(data, info.width, info.height, info.channels);
  } catch (cause) {
    throw await corrupt(image, cause);
  }
}

/** Alpha dropped, 8 bits, rows then columns; three channels, or one for a grey image. */
export function toRgb(image: Sharp): Promise<{ data: Buffer; info: OutputInfo }> {
  return image
    .removeAlpha()
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
}

/** sharp would also open SVG, GIF, TIFF and more: formats that nobody's data set has and attackers like. */
export function checkFormat({ bytes, source }: EncodedImage): void {
  if (formats.some((format) => format.matches(bytes))) return;
  const seen =
    bytes.length === 0
      ? "it is empty"
      : `it begins with ${Buffer.from(bytes.subarray(0, 8)).toString("hex")}`;
  throw new DifftapError("IMAGE_CORRUPT", `${source} is no JPEG, PNG or WebP image: ${seen}`, {
    details: { source },
  });
}

async function corrupt({ bytes, source }: EncodedImage, cause: unknown): Promise<DifftapError> {
  const header = await sharp(bytes, { ...decodeOptions, limitInputPixels: false })
    .metadata()
    .catch(() => null);
  const pixels = header === null ? 0 : header.width * header.height;
  if (header !== null && pixels > MAX_IMAGE_PIXELS) {
    return new DifftapError(
      "IMAGE_CORRUPT",
      `${source} has ${header.width}×${header.height} = ${pixels} pixels, more than the ${MAX_IMAGE_PIXELS} that are decoded`,
      {
        hint: "a decompression bomb, or an image to reduce first",
        details: { source, pixels, limit: MAX_IMAGE_PIXELS },
        cause,
      },
    );
  }
  const reason = cause instanceof Error ? cause.message.trim().split("\n")[0] : String(cause);
  return new DifftapError("IMAGE_CORRUPT", `${source} cannot be decoded: ${reason}`, {
    hint: "copy or download the image again, or skip corrupt images",
    details: { source },
    cause,
  });
}

function rgb(data: Uint8Array, width: number, height: number, channels: number): Pixels {
  if (channels === 3) return { data, width, height };
  const out = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) out.fill(data[i * channels]!, 3 * i, 3 * i + 3);
  return { data: out, width, height };
}

function starts(bytes: Uint8Array, at: number, expected: readonly number[]): boolean {
  return expected.every((byte, i) => bytes[at + i] === byte);
}

function ascii(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}
