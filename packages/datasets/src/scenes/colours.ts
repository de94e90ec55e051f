/** Colours as red, green, blue in 0 … 1. */
import type { Draws } from "./draws.js";

export type Colour = readonly [red: number, green: number, blue: number];

/** Any hue, neither black nor white. */
export function anyColour(draws: Draws): Colour {
  return fromHsv(draws.range(0, 1), draws.range(0.15, 0.95), draws.range(0.25, 1));
}

/** Of `tries` colours, the one farthest from all of `others`: shapes stay visible on what they lie on. */
export function contrasting(draws: Draws, others: readonly Colour[], tries: number): Colour {
  const candidates = Array.from({ length: tries }, () => anyColour(draws));
  const closeness = (colour: Colour): number => Math.min(...others.map((other) => distance(colour, other)));
  return candidates.reduce((best, colour) => (closeness(colour) > closeness(best) ? colour : best));
}

export function mix(a: Colour, b: Colour, share: number): Colour {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

/** Euclidean, with the eye's weights for red, green and blue. */
function distance(a: Colour, b: Colour): number {
  return Math.sqrt(0.3 * (a[0] - b[0]) ** 2 + 0.5 * (a[1] - b[1]) ** 2 + 0.2 * (a[2] - b[2]) ** 2);
}

function fromHsv(hue: number, saturation: number, value: number): Colour {
  const channel = (n: number): number => {
    const k = (n + hue * 6) % 6;
    return value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1));
  };
  return [channel(5), channel(3), channel(1)];
}
