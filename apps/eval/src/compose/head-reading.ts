/** From what heads are fed to what the backbone is asked for, and back to the heads' names. */
import type { HeadTap } from "@difftap/heads";
import { arrayName, type FeatureBatch, type FeatureRequest, imageSizeOf, type Tap } from "@difftap/taps";
import type { LabelledBatch } from "@difftap/trainer";

export interface HeadReading {
  /** For the extractor, which knows no passes. */
  readonly request: FeatureRequest;
  /** What the session computes, one for each of the request's taps. */
  readonly taps: readonly (Tap & { readonly pass?: 2 })[];
  /** A batch's features under the names of the inputs. */
  named(features: FeatureBatch["features"]): LabelledBatch["features"];
}

/**
 * Asks for no more than is fed. Inputs of the size that the run's taps have are pooled as these are, others are whole maps. With two
 * passes, pass 1 is asked for flat and pass 2 as maps, which tells a block's arrays apart by name.
 * @param run the request that the run's taps belong to; `taps` are those taps.
 */
export function readingOf(
  run: FeatureRequest,
  taps: readonly HeadTap[],
  inputs: readonly HeadTap[],
): HeadReading {
  const twice = inputs.some(({ pass }) => pass === 2);
  const { height, width } = imageSizeOf(run);
  // More cells than a map has keep it whole.
  const whole = twice ? Math.max(height, width) : "map";
  const reads = inputs.map((input) => {
    const own = taps.some((tap) => sameMap(tap, input));
    const { block, size } = input;
    const pooled = run.taps.find(({ block }) => block === input.block)?.pool ?? whole;
    const pool = input.pass === 2 ? "map" : own ? pooled : whole;
    return { input, tap: { block, pool, ...(size && { size }), ...(input.pass && { pass: input.pass }) } };
  });
  const distinct = [...new Map(reads.map(({ tap }) => [placeOf(tap), tap])).values()];
  const request = { ...run, taps: distinct.map(({ pass: _, ...tap }) => tap) };
  return {
    request,
    taps: distinct,
    named(features) {
      const entries = reads.map(({ input, tap }) => {
        return [input.name, features.get(arrayName(input.timestep, tap, request.taps))!] as const;
      });
      return Object.fromEntries(entries);
    },
  };
}

const placeOf = ({ block, pool, size }: Tap) => JSON.stringify([block, pool, size]);

function sameMap(tap: HeadTap, other: HeadTap): boolean {
  const facts = ({ block, timestep, height, width, size }: HeadTap) =>
    JSON.stringify([block, timestep, height, width, size?.height, size?.width]);
  return facts(tap) === facts(other);
}
