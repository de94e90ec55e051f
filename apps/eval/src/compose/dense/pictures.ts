/** Images and label maps of a report: small PNGs as data addresses. */
import { type ImageDataset, type LabelMap, loadViews } from "@difftap/datasets";
import { encode } from "fast-png";
import { encodePng, fromPlanes, pngAddress } from "../png.js";

/** Longer side of a picture, in pixels: a page of some pictures stays under a megabyte. */
const LONGEST = 320;

interface Size {
  readonly height: number;
  readonly width: number;
}

export interface DensePicture {
  readonly id: string;
  /** data: address of a PNG, of the image's shape and at most 320 pixels long. */
  readonly image: string;
}

/** @param size of the image in pixels. @throws DifftapError IMAGE_CORRUPT, READ_FAILED. */
export async function densePicture(dataset: ImageDataset, index: number, size: Size): Promise<DensePicture> {
  const { height, width } = shownSize(size);
  const options = { indices: [index], height, width, fit: "stretch", batch: 1, onCorrupt: "fail" } as const;
  const found: DensePicture[] = [];
  for await (const { images, ids } of loadViews(dataset, options)) {
    found.push({ id: ids[0]!, image: pngAddress(encodePng(fromPlanes(images.data, width, height))) });
  }
  return found[0]!;
}

function shownSize({ height, width }: Size): Size {
  const scale = Math.min(1, LONGEST / Math.max(height, width));
  return { height: Math.max(1, Math.round(height * scale)), width: Math.max(1, Math.round(width * scale)) };
}

/** A label map in the classes' colours; what is no class is transparent. */
export function paintedMap(map: LabelMap, colours: readonly string[]): string {
  const { height, width } = shownSize(map);
  const data = new Uint8Array(height * width * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const row = Math.floor(((y + 0.5) * map.height) / height);
      const column = Math.floor(((x + 0.5) * map.width) / width);
      const colour = colours[map.data[row * map.width + column]!];
      if (colour !== undefined) data.set([...channelsOf(colour), 255], (y * width + x) * 4);
    }
  }
  return pngAddress(encode({ width, height, channels: 4, depth: 8, data }));
}

function channelsOf(colour: string): [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Turns by which hues of neighbours in a list lie as far apart as they can: the golden angle. */
const TURN = 137.508;

/** "#rrggbb" for each of n classes, told apart by hue and by lightness in turn. */
export function classColours(n: number): string[] {
  return Array.from({ length: n }, (_, label) => {
    const lightness = [0.45, 0.65, 0.3][label % 3]!;
    return hexOf(label * TURN, 0.6, lightness);
  });
}

/** Source: CSS Color 4, section 7.1. */
function hexOf(hue: number, saturation: number, lightness: number): string {
  const spread = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number) => {
    const place = (offset + hue / 30) % 12;
    const value = lightness - spread * Math.max(-1, Math.min(place - 3, 9 - place, 1));
    return Math.round(255 * value)
      .toString(16)
      .padStart(2, "0");
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}
