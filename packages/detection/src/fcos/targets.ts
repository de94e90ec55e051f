/** An image's objects as FCOS learns them: assigned to locations, then dense arrays. */
import type { TargetContext, TargetMaker } from "../definition.js";
import type { NeckDefinition } from "../necks/definition.js";
import { type ImageSize, type PyramidLevel, placesOf, resizeTaps } from "../pyramid.js";
import { assignObjects } from "../targets/assignment.js";
import { denseTargets } from "../targets/dense-targets.js";
import { adaptiveReach } from "../targets/grid.js";
import { maskTargets } from "../targets/mask-targets.js";
import { checkObjects } from "../targets/objects.js";
import type { FcosSpec } from "./spec.js";

export function fcosTargets(
  neck: NeckDefinition,
  { spec, taps, image: built, classes }: TargetContext<FcosSpec>,
): TargetMaker {
  const levelsFor = (image: ImageSize) =>
    neck.levels({ spec: spec.neck, taps: resizeTaps(taps, built, image), image });
  // The levels keep their purpose whatever the size of an image.
  const reach = spec.reach ?? adaptiveReach(levelsFor(built));
  return (objects, image) => {
    checkObjects(objects, classes, image);
    const levels = levelsFor(image);
    const places = placesOf(levels);
    const owners = assignObjects(spec.assignment, { levels, places, reach }, objects);
    const dense = denseTargets(owners, places, objects);
    if (!spec.masks) return dense;
    const { samples, upsample } = spec.masks;
    const grid = finer(levels[0]!, upsample);
    return { ...dense, ...maskTargets(owners, dense, objects, { samples, grid }) };
  };
}

function finer({ stride, height, width }: PyramidLevel, times: number): PyramidLevel {
  return { stride: stride / times, height: height * times, width: width * times };
}
