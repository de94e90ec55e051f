/**
 * Viridis: even steps of lightness, so equal differences look equal, also to colour-blind readers and in grey print.
 * Source: van der Walt & Smith, matplotlib; eleven samples, mixed linearly.
 */
const VIRIDIS = [
  0x440154, 0x482475, 0x414487, 0x355f8d, 0x2a788e, 0x21918c, 0x22a884, 0x44bf70, 0x7ad151, 0xbddf26,
  0xfde725,
] as const;

export interface CellColour {
  readonly fill: string;
  /** Black or white, whichever stands out more; never below a contrast of 4.5. */
  readonly text: string;
}

/** Colour at `share` of the scale, 0 to 1. */
export function cellColour(share: number): CellColour {
  const position = Math.min(1, Math.max(0, share)) * (VIRIDIS.length - 1);
  const index = Math.min(VIRIDIS.length - 2, Math.floor(position));
  const rgb = mix(channels(VIRIDIS[index]!), channels(VIRIDIS[index + 1]!), position - index);
  const light = luminance(rgb);
  return { fill: hex(rgb), text: 1.05 / (light + 0.05) > (light + 0.05) / 0.05 ? "#fff" : "#000" };
}

/** Where `value` lies between the ends; the middle when they are one. */
export function shareOf(value: number, [low, high]: readonly [number, number]): number {
  return high > low ? (value - low) / (high - low) : 0.5;
}

/** The whole scale as a CSS gradient from left to right. */
export const scaleGradient = `linear-gradient(90deg,${VIRIDIS.map((colour) => hex(channels(colour))).join(",")})`;

/** The scale's samples, for gradients in SVG. */
export const scaleStops: readonly string[] = VIRIDIS.map((colour) => hex(channels(colour)));

type Rgb = readonly number[];

function channels(colour: number): Rgb {
  return [colour >> 16, (colour >> 8) & 255, colour & 255];
}

function mix(a: Rgb, b: Rgb, share: number): Rgb {
  return a.map((value, index) => Math.round(value + (b[index]! - value) * share));
}

function hex(rgb: Rgb): string {
  return `#${rgb.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/** Relative luminance, WCAG 2.2. */
function luminance(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}
