/** FCOS on the maps of taps: a neck, a dense head, and where asked for masks. */
import { type ForwardOptions, findNamed, joinParameters, type Maps } from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";
import {
  type DetectorContext,
  type DetectorDefinition,
  type DetectorParts,
  defineDetector,
} from "../definition.js";
import { createMaskBranch } from "../masks/mask-branch.js";
import type { NeckDefinition } from "../necks/definition.js";
import { necks as ownNecks } from "../necks/registry.js";
import { countLocations, PLACE_NUMBERS, placesOf } from "../pyramid.js";
import { createDenseHead } from "./dense-head.js";
import { detectObjects, type Inferred } from "./detect.js";
import { type MaskInputs, maskTerm } from "./mask-term.js";
import { denseTerms } from "./objective.js";
import { type FcosSpec, fcosSpec } from "./spec.js";
import { fcosTargets } from "./targets.js";

/** The detector "fcos". @param necks that its spec may name; those of this package unless given. */
export function defineFcos(necks: readonly NeckDefinition[] = ownNecks): DetectorDefinition {
  const neckOf = ({ neck }: FcosSpec) => findNamed("neck", neck.name, necks);
  return defineDetector({
    name: "fcos",
    spec: fcosSpec(necks),
    targets: (context) => fcosTargets(neckOf(context.spec), context),
    build: (context) => build(neckOf(context.spec), context),
  });
}

function build(definition: NeckDefinition, context: DetectorContext<FcosSpec>): DetectorParts {
  const { spec, classes, seed } = context;
  const strides = definition.levels({ ...context, spec: spec.neck }).map(({ stride }) => stride);
  const neck = definition.build({ ...context, spec: spec.neck });
  const shared = { width: neck.width, groups: spec.groups, seed };
  const branch = spec.masks && createMaskBranch({ ...shared, ...spec.masks, stride: strides[0]! });
  const { layers, prior } = spec;
  const head = createDenseHead({ ...shared, layers, classes, strides, prior, filters: branch?.filters ?? 0 });
  const run = (maps: Maps, options: ForwardOptions) => {
    const pyramid = neck.forward(maps, options);
    const places = placesOn(pyramid, strides);
    return { ...head.forward(pyramid), places, maskFeatures: branch?.features(pyramid[0]!) };
  };
  return {
    ...joinParameters(neck, head, ...(branch ? [branch] : [])),
    objective(maps, targets, options) {
      const output = run(maps, options);
      const terms = denseTerms(output, targets, spec);
      return branch
        ? { ...terms, mask: maskTerm(branch, output as MaskInputs, targets, spec.masks!) }
        : terms;
    },
    infer(maps) {
      const { logits, quality, distances, places, filters, maskFeatures } = run(maps, { training: false });
      const dense = { classes: tf.sigmoid(logits), quality: tf.sigmoid(quality), distances, places };
      return branch ? { ...dense, filters: filters!, maskFeatures: maskFeatures! } : dense;
    },
    detect(inferred, images, limits) {
      const masks = branch ? { branch, stride: strides[0]! / spec.masks!.upsample } : undefined;
      return detectObjects(inferred as unknown as Inferred, images, limits, masks);
    },
  };
}

/** [locations, 3]: x, y and stride of every cell of the pyramid as it is. */
function placesOn(pyramid: readonly tf.Tensor4D[], strides: readonly number[]): tf.Tensor2D {
  const levels = pyramid.map(({ shape: [, height, width] }, index) => {
    return { stride: strides[index]!, height, width };
  });
  return tf.tensor2d(placesOf(levels), [countLocations(levels), PLACE_NUMBERS]);
}
