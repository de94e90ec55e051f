/** Eight drawings, learned by heart from fixed features. */
import { ndarray } from "@difftap/core";
import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { createSegmenter, labelMapEntry, labelMapOf, type Segmenter, stackLabelMaps } from "../src/index.js";
import {
  classes,
  featuresOf,
  ignore,
  images,
  labelMaps,
  meanIntersectionOverUnion,
  side,
  taps,
} from "./drawings.js";

beforeAll(() => start("onnxruntime"));

const maps = labelMaps();
const arrays = featuresOf(maps);

function features(): Record<string, tf.Tensor> {
  const named = taps.map(({ name, channels, height, width }) => [
    name,
    tf.tensor4d(arrays.get(name)!, [images, channels, height, width]),
  ]);
  const stacked = stackLabelMaps(
    maps.map((data) => ({ height: side, width: side, data })),
    { classes, ignore },
  );
  return { ...Object.fromEntries(named), [labelMapEntry]: tf.tensor3d(stacked.data, [images, side, side]) };
}

async function scored(segmenter: Segmenter, given: Record<string, tf.Tensor>): Promise<number> {
  const scores = segmenter.predict(given, { height: side, width: side });
  const values = (await scores.data()) as Float32Array;
  scores.dispose();
  const length = classes * side * side;
  const found = maps.map((_, image) => {
    const own = values.slice(image * length, (image + 1) * length);
    return labelMapOf(ndarray("float32", [classes, side, side], own)).data;
  });
  return meanIntersectionOverUnion(found, maps);
}

const small = { width: 24, groups: 4, poolScales: [1, 2, 3] };

test.each([
  ["per-pixel", { ...small, auxiliary: {} }, 60],
  ["mask-classification", { ...small, queries: 8, heads: 4, layers: 2 }, 120],
] as const)("%s reaches a mean intersection over union of 0.95", async (name, spec, steps) => {
  const segmenter = createSegmenter({ segmenter: name, spec, taps, classes, ignore, seed: 1 });
  const given = features();
  const variables = [...segmenter.variables.values()];
  const optimizer = tf.train.adam(5e-3);
  const before = await scored(segmenter, given);
  expect(before).toBeLessThan(0.6);
  for (let step = 0; step < steps; step++) {
    const loss = optimizer.minimize(
      () => tf.addN(Object.values(segmenter.objective(given, { training: true }))) as tf.Scalar,
      true,
      variables,
    )!;
    await loss.data();
    loss.dispose();
  }
  expect(await scored(segmenter, given)).toBeGreaterThan(0.95);
});
