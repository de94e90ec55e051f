import { encodeMask } from "@difftap/core";
import type { HeadTap } from "@difftap/heads";
import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { createDetector, type Detection, stackTargets, type TrainingObject } from "../src/index.js";

/** What is used here of packages that this one must not depend on: what the workspace built of them is taken as it lies. */
interface Scene {
  readonly pixels: Uint8Array;
  readonly objects: readonly { label: number; box: TrainingObject["box"]; mask: Uint8Array }[];
}
type RenderScene = (address: { seed: number; index: number; size: number }) => Scene;
type EvaluateDetections = (set: object) => { figures: { ap: number; ap50: number } };

const built = (name: string) =>
  import(/* @vite-ignore */ new URL(`../../${name}/dist/index.js`, import.meta.url).href);

const size = 64;
const count = 8;
const classes = 10;
const image = { height: size, width: size };

/** An object with a shorter side may lie between all cell centres, where no location learns it. */
const MIN_SIDE = 8;

/** Blocks of pixels as channels: no network at all. */
function pixelTap(side: number): HeadTap {
  const cells = size / side;
  return {
    name: `pixels/${side}`,
    block: 1,
    timestep: "clean",
    channels: 3 * side * side,
    height: cells,
    width: cells,
  };
}

function pixelMap(scenes: readonly Scene[], side: number): tf.Tensor4D {
  const cells = size / side;
  const stacked = scenes.map(({ pixels }) => {
    const rows = tf.reshape(tf.tensor1d(Float32Array.from(pixels)), [cells, side, cells, side, 3]);
    return tf.reshape(tf.transpose(rows, [1, 3, 4, 0, 2]), [3 * side * side, cells, cells]);
  });
  return tf.sub(tf.div(tf.stack(stacked), 127.5), 1) as tf.Tensor4D;
}

beforeAll(() => start("onnxruntime"));

test("eight scenes are learnt by heart, boxes and masks", async () => {
  const { renderScene } = (await built("datasets")) as { renderScene: RenderScene };
  const { evaluateDetections } = (await built("metrics")) as { evaluateDetections: EvaluateDetections };
  const scenes = Array.from({ length: count }, (_, index) => renderScene({ seed: 1, index, size }));
  const objects = scenes.map((scene) =>
    scene.objects
      .filter(({ box }) => Math.min(box[2], box[3]) >= MIN_SIDE)
      .map(({ label, box, mask }) => ({ label, box, mask: encodeMask(mask, image) })),
  );
  const detector = createDetector({
    detector: "fcos",
    spec: {
      neck: { width: 16, extraLevels: 1 },
      layers: 1,
      groups: 8,
      masks: { layers: 1, samples: 16 },
    },
    taps: [pixelTap(4), pixelTap(8)],
    image,
    classes,
    seed: 3,
  });
  const targets = stackTargets(objects.map((each) => detector.targets(each)));
  const features: Record<string, tf.Tensor> = {
    "pixels/4": pixelMap(scenes, 4),
    "pixels/8": pixelMap(scenes, 8),
  };
  for (const [name, { data, shape }] of Object.entries(targets)) features[name] = tf.tensor(data, [...shape]);

  const steps = 80;
  const optimizer = tf.train.adam(0);
  for (let step = 0; step < steps; step++) {
    const share = Math.min((step + 1) / 10, (1 + Math.cos((Math.PI * step) / steps)) / 2);
    Object.assign(optimizer, { learningRate: 6e-3 * share });
    const loss = optimizer.minimize(
      () => tf.addN(Object.values(detector.objective(features, { training: true }))) as tf.Scalar,
      true,
      [...detector.variables.values()],
    );
    await loss!.data();
    loss!.dispose();
  }

  const originals = scenes.map((_, index) => ({ image: index, ...image, scale: 1 }));
  const detections: Detection[] = (await detector.predict(features, originals)).flat();
  const set = {
    images: scenes.map((_, index) => index),
    categories: Array.from({ length: classes }, (_, label) => ({ name: String(label) })),
    groundTruth: objects.flatMap((each, index) =>
      each.map((object) => ({
        ...object,
        image: index,
        area: object.box[2] * object.box[3],
        crowd: false,
      })),
    ),
    detections,
  };
  expect(evaluateDetections({ ...set, kind: "box" }).figures.ap).toBeGreaterThan(0.95);
  expect(evaluateDetections({ ...set, kind: "mask" }).figures.ap50).toBeGreaterThan(0.95);
}, 900_000);
