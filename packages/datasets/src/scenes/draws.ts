/** The random numbers of one scene, drawn one after another from its own address. */
import { streams, uniforms } from "@difftap/core";

export interface Draws {
  /** A number in [low, high). */
  range(low: number, high: number): number;
  /** A whole number in [0, bound). */
  integer(bound: number): number;
  chance(probability: number): boolean;
}

const BLOCK = 256;

/** Scene `index` of `seed`: the same numbers whatever was drawn before for other scenes. */
export function sceneDraws(seed: number, index: number): Draws {
  let block = 0;
  let numbers: Float64Array = new Float64Array(0);
  let used = 0;
  const next = (): number => {
    if (used === numbers.length) {
      numbers = uniforms({ seed, stream: sceneStream(block++), index }, BLOCK);
      used = 0;
    }
    return numbers[used++]!;
  };
  return {
    range: (low, high) => low + (high - low) * next(),
    integer: (bound) => Math.floor(next() * bound),
    chance: (probability) => next() < probability,
  };
}

/** Finer addresses of the scene stream: 0 … for `sceneDraws`, then these. */
export const sceneParts = { classes: 0xfffe, sensor: 0xffff } as const;

/** The stream of one part of a scene's numbers. */
export function sceneStream(part: number): number {
  return (streams.scene | (part << 8)) >>> 0;
}
