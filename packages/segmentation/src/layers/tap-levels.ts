/** Taps by the size of their maps, fine to coarse. */
import { DifftapError } from "@difftap/core";
import type { HeadTap } from "@difftap/heads";

export interface TapLevel {
  /** log2 of how much coarser it is than the finest, per side. */
  readonly level: number;
  readonly taps: readonly HeadTap[];
}

/**
 * At least one level; each with the taps of one size, in the order given.
 * @throws DifftapError REQUEST_INVALID for no tap, for a tap given twice, and for maps of one area but other sides.
 */
export function levelsOf(taps: readonly HeadTap[]): TapLevel[] {
  if (taps.length === 0) throw refuse("a pixel decoder reads at least one tap, given: none", taps);
  const twice = taps.find(({ name }, index) => taps.findIndex((tap) => tap.name === name) !== index);
  if (twice) throw refuse(`a pixel decoder reads each tap once, given twice: ${twice.name}`, taps);
  const areas = [...new Set(taps.map(areaOf))].sort((a, b) => b - a);
  return areas.map((area) => {
    const own = taps.filter((tap) => areaOf(tap) === area);
    checkSides(own);
    return { level: Math.log2(areas[0]! / area) / 2, taps: own };
  });
}

function checkSides(taps: readonly HeadTap[]): void {
  const [first] = taps;
  const other = taps.find(({ height }) => height !== first!.height);
  if (!other) return;
  const text = ({ name, height, width }: HeadTap) => `${name} of ${height}×${width}`;
  throw refuse(`maps of one image have one shape, given: ${text(first!)} and ${text(other)}`, taps);
}

const areaOf = ({ height, width }: HeadTap) => height * width;

function refuse(message: string, taps: readonly HeadTap[]): DifftapError {
  return new DifftapError("REQUEST_INVALID", message, {
    hint: "name blocks and timesteps, and take whole maps or pool them alike",
    details: { taps: taps.map(({ name, height, width }) => ({ name, height, width })) },
  });
}
