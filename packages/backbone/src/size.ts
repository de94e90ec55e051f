/** Image sizes that a network can take. */
import { DifftapError } from "@difftap/core";
import type { Architecture } from "./architecture.js";

export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** "32" for a square, "96x128" for 96 rows of 128 pixels: as names and settings write a size. */
export function sizeName({ height, width }: ImageSize): string {
  return height === width ? String(height) : `${height}x${width}`;
}

/** Every image side is a multiple of this: the map is halved once per level but the last. */
export function sideMultiple(architecture: Architecture): number {
  return 2 ** (architecture.channelMultipliers.length - 1);
}

/** @throws DifftapError REQUEST_INVALID naming the nearest legal sizes when a side is not divisible by 2^(levels − 1). */
export function checkImageSize(architecture: Architecture, size: ImageSize): void {
  const multiple = sideMultiple(architecture);
  const wrong = (["height", "width"] as const).filter((side) => !isLegal(size[side], multiple));
  if (wrong.length === 0) return;
  const problems = wrong.map((side) => `${side} ${size[side]}`).join(" and ");
  const nearest = wrong.map((side) => `${side} ${legalAround(size[side], multiple).join(" or ")}`).join("; ");
  throw new DifftapError(
    "REQUEST_INVALID",
    `image ${problems} cannot be halved ${Math.log2(multiple)} times, as this network's levels do`,
    { hint: `nearest legal: ${nearest} (multiples of ${multiple})`, details: { ...size, multiple } },
  );
}

function isLegal(side: number, multiple: number): boolean {
  return Number.isInteger(side) && side > 0 && side % multiple === 0;
}

function legalAround(side: number, multiple: number): number[] {
  const below = Number.isFinite(side) ? Math.floor(side / multiple) * multiple : 0;
  return below > 0 ? [below, below + multiple] : [multiple];
}
