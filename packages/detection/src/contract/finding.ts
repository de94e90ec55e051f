/** What a detector gives: objects inside each image, best first, whoever else is in the batch; nothing left behind. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { maskArea } from "@difftap/core";
import { firstRow } from "@difftap/heads/testing";
import * as tf from "@tensorflow/tfjs-core";
import type { Detection, OriginalImage } from "../prediction/detection.js";
import { restoreDetector, saveDetector } from "../saved.js";
import { type DetectorExample, detectAll, numbersOf, originals, withDetector } from "./example.js";

/** Float32 sums in another order, and boxes in pixels. */
const ROUNDING = 1e-3;

export function checkDetections(example: DetectorExample): Promise<void> {
  return withDetector(example, async (detector, features) => {
    const found = await detectAll(detector, example, features);
    const images = originals(example);
    deepStrictEqual(found.length, images.length);
    for (const [index, detections] of found.entries()) {
      ok(detections.length > 0, "nothing was found where everything was asked for");
      ok(detections.length <= 20, "more was found than asked for");
      for (const detection of detections) checkDetection(detection, images[index]!, example.classes);
      const scores = detections.map(({ score }) => score);
      deepStrictEqual(
        scores,
        scores.toSorted((a, b) => b - a),
        "the best do not come first",
      );
    }
    const none = await detector.predict(features, images, { minScore: 1.1 });
    deepStrictEqual(
      none,
      images.map(() => []),
    );
  });
}

function checkDetection(
  { image, label, score, box, mask }: Detection,
  original: OriginalImage,
  classes: number,
): void {
  deepStrictEqual(image, original.image);
  ok(Number.isInteger(label) && label >= 0 && label < classes, `label ${label}`);
  ok(score >= 0 && score <= 1, `score ${score}`);
  const [left, top, width, height] = box;
  ok(width > 0 && height > 0, `a box of ${width}×${height}`);
  const inside = left + width <= original.width + ROUNDING && top + height <= original.height + ROUNDING;
  ok(left >= 0 && top >= 0 && inside, `box [${box.join(", ")}] reaches over its image`);
  if (!mask) return;
  deepStrictEqual([mask.height, mask.width], [original.height, original.width], "size of a mask");
  ok(maskArea(mask) <= original.height * original.width);
}

export function checkSaved(example: DetectorExample): Promise<void> {
  return withDetector(example, async (detector, features) => {
    const saved = await saveDetector(detector);
    const description = JSON.parse(JSON.stringify(saved.description));
    deepStrictEqual(description, saved.description, "the description is not plain data");
    const restored = restoreDetector({ description, tensors: saved.tensors }, [example.definition]);
    const [before, after] = [
      await detectAll(detector, example, features),
      await detectAll(restored, example, features),
    ];
    deepStrictEqual(after, before);
    restored.dispose();
  });
}

export function checkAlone(example: DetectorExample): Promise<void> {
  return withDetector(example, async (detector, features) => {
    const before = await saveDetector(detector);
    const together = await detectAll(detector, example, features);
    deepStrictEqual(await detectAll(detector, example, features), together, "the same features give others");
    const first = firstRow(features);
    const [alone] = await detectAll(detector, example, first, 1);
    tf.dispose(first);
    const [found, expected] = [numbersOf(alone!), numbersOf(together[0]!)];
    deepStrictEqual(found.length, expected.length, "what is found depends on the batch");
    found.forEach((each, i) => {
      const scale = Math.max(1, Math.abs(expected[i]!));
      ok(Math.abs(each - expected[i]!) <= ROUNDING * scale, "what is found depends on the batch");
    });
    deepStrictEqual(
      (await saveDetector(detector)).tensors,
      before.tensors,
      "evaluation changed the detector",
    );
  });
}

export async function checkMemory(example: DetectorExample): Promise<void> {
  const before = tf.memory().numTensors;
  await withDetector(example, async (detector, features) => {
    const held = tf.memory().numTensors;
    tf.dispose(detector.objective(features, { training: true }) as Record<string, tf.Tensor>);
    await detectAll(detector, example, features);
    deepStrictEqual(tf.memory().numTensors, held, "tensors are left behind");
  });
  deepStrictEqual(tf.memory().numTensors, before, "dispose leaves variables behind");
}
