import { decodeMask } from "@difftap/core";
import { describeEngines, start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { denseTerms } from "../src/fcos/objective.js";
import {
  createDetector,
  type Detector,
  type DetectorRequest,
  restoreDetector,
  saveDetector,
  stackTargets,
} from "../src/index.js";
import { candidatesOf } from "../src/prediction/candidates.js";
import { extentOf, toOriginal } from "../src/prediction/detection.js";
import { difference, sigmoid, waves } from "./float64.js";
import { image, objectsOf, pyramidTaps } from "./scenes.js";

const spec = { neck: { width: 8, extraLevels: 0 }, groups: 4, layers: 1 };
const request: DetectorRequest = { detector: "fcos", spec, taps: pyramidTaps, image, classes: 3, seed: 2 };

function featuresOf({ inputs }: Detector, times = 1, batch = 2): Record<string, tf.Tensor> {
  return Object.fromEntries(
    inputs.map(({ name, channels, height, width }, index) => {
      const shape: [number, number, number, number] = [batch, channels, times * height, times * width];
      const count = shape.reduce((product, each) => product * each, 1);
      return [name, tf.tensor4d(waves(count, index + 1), shape)];
    }),
  );
}

function onEngine(targets: ReturnType<Detector["targets"]>): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(targets).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
  );
}

describeEngines("objective on", () => {
  test.each(["centreness", "iou"] as const)(
    "is FCOS's, ranked by %s: sums over the batch in float64",
    async (quality) => {
      const detector = createDetector(request);
      const targets = stackTargets([detector.targets(objectsOf(9, 1)), detector.targets(objectsOf(4, 2))]);
      detector.dispose();
      const locations = targets["targets/labels"]!.shape[1]!;
      const logits = waves(2 * locations * 3, 3).map((each) => 3 * each);
      const distances = waves(2 * locations * 4, 5).map((each) => 10 + 9 * each);
      const wanted = waves(2 * locations, 7);
      const terms = denseTerms(
        {
          logits: tf.tensor3d(logits, [2, locations, 3]),
          distances: tf.tensor3d(distances, [2, locations, 4]),
          quality: tf.tensor2d(wanted, [2, locations]),
          filters: undefined,
        },
        onEngine(targets),
        { quality, focal: { alpha: 0.25, gamma: 2 } },
      );
      const sums = { class: 0, box: 0, quality: 0, positives: 0, centreness: 0 };
      const read = (name: string) => targets[`targets/${name}`]!.data;
      for (let i = 0; i < 2 * locations; i++) {
        const label = read("labels")[i]!;
        for (let k = 0; k < 3; k++) {
          const p = sigmoid(logits[3 * i + k]!);
          sums.class += label === k ? -0.25 * (1 - p) ** 2 * Math.log(p) : -0.75 * p ** 2 * Math.log(1 - p);
        }
        if (label < 0) continue;
        const [a, b] = [distances, read("distances")].map((all) => all.subarray(4 * i, 4 * i + 4));
        const area = (d: ArrayLike<number>) => (d[0]! + d[2]!) * (d[1]! + d[3]!);
        const shared = area(a!.map((each, side) => Math.min(each, b![side]!)));
        const hull = area(a!.map((each, side) => Math.max(each, b![side]!)));
        const union = area(a!) + area(b!) - shared;
        const centreness = read("centreness")[i]!;
        sums.box += (1 - shared / union + (hull - union) / hull) * centreness;
        sums.centreness += centreness;
        sums.positives += 1;
        const [p, t] = [sigmoid(wanted[i]!), quality === "iou" ? shared / union : centreness];
        sums.quality -= t * Math.log(p) + (1 - t) * Math.log(1 - p);
      }
      expect(sums.positives).toBeGreaterThan(10);
      expect(Object.keys(terms)).toEqual(["class", "box", quality]);
      const found = await Promise.all(Object.values(terms).map(async (term) => (await term.data())[0]!));
      const expected = [
        sums.class / sums.positives,
        sums.box / sums.centreness,
        sums.quality / sums.positives,
      ];
      expect(difference(found, expected)).toBeLessThan(1e-5);
    },
  );
});

describe("fcos", () => {
  beforeAll(() => start("cpu"));

  test("begins with every class at its prior, boxes of two strides, and PyTorch's names", async () => {
    const detector = createDetector({ ...request, spec: { ...spec, prior: 0.2 } });
    const found = await detector.predict(featuresOf(detector), originalsOf(2), { minScore: 0 });
    expect(found.flat().length).toBeGreaterThan(0);
    const bias = await detector.variables.get("class.bias")!.data();
    expect(Array.from(bias, sigmoid)).toEqual([0.2, 0.2, 0.2].map((each) => expect.closeTo(each, 6)));
    expect([...detector.variables.keys()]).toEqual([
      ...["0", "1", "2"].flatMap((i) => [`neck.lateral.${i}.weight`, `neck.lateral.${i}.bias`]),
      ...["0", "1", "2"].flatMap((i) => [`neck.output.${i}.weight`, `neck.output.${i}.bias`]),
      ...["class_tower", "box_tower"].flatMap((tower) => [
        `${tower}.0.0.weight`,
        `${tower}.0.0.bias`,
        `${tower}.0.1.weight`,
        `${tower}.0.1.bias`,
      ]),
      ...["class", "box", "quality"].flatMap((name) => [`${name}.weight`, `${name}.bias`]),
      "scale.0",
      "scale.1",
      "scale.2",
    ]);
  });

  const originalsOf = (count: number, times = 1) =>
    Array.from({ length: count }, (_, index) => ({
      image: index,
      height: times * image.height,
      width: times * image.width,
      scale: 1,
    }));

  test("takes images of another size than it was built for", async () => {
    const detector = createDetector({ ...request, spec: { ...spec, masks: { layers: 0, samples: 4 } } });
    const large = { height: 2 * image.height, width: 2 * image.width };
    const features = featuresOf(detector, 2, 1);
    const targets = stackTargets([detector.targets(objectsOf(5, 3), large)]);
    const terms = detector.objective({ ...features, ...onEngine(targets) }, { training: true });
    expect(Object.keys(terms)).toEqual(["class", "box", "centreness", "mask"]);
    const [found] = await detector.predict(features, originalsOf(1, 2), { minScore: 0, limit: 5 });
    expect(found).toHaveLength(5);
    for (const { mask } of found!) expect(decodeMask(mask!)).toHaveLength(large.height * large.width);
  });

  test("moving an image's maps moves what is found", async () => {
    const taps = [pyramidTaps[1]!];
    const detector = createDetector({ ...request, taps, spec: { ...spec, layers: 0 } });
    const blob = (x: number) => {
      const values = new Float32Array(4 * 16 * 12);
      for (let c = 0; c < 4; c++) values[(c * 16 + 7) * 12 + x] = 1;
      return { [taps[0]!.name]: tf.tensor4d(values, [1, 4, 16, 12]) };
    };
    const quiet = await detector.predict(blob(4), originalsOf(1), { minScore: 0, candidates: 2, limit: 1 });
    const moved = await detector.predict(blob(5), originalsOf(1), { minScore: 0, candidates: 2, limit: 1 });
    const [[a], [b]] = [quiet[0]!, moved[0]!];
    expect(b!.box[0] - a!.box[0]).toBeCloseTo(4, 3);
    expect(b!.box[1]).toBeCloseTo(a!.box[1], 3);
  });

  test("weights of another detector list every tensor that does not fit", async () => {
    const { description, tensors } = await saveDetector(createDetector(request));
    const { "scale.2": _, ...rest } = tensors;
    const held = tf.memory().numTensors;
    expect(() => restoreDetector({ description, tensors: rest })).toThrow(
      expect.objectContaining({
        code: "WEIGHTS_MISMATCH",
        message: "weights do not fit detector fcos: scale.2 is missing",
      }),
    );
    expect(tf.memory().numTensors).toBe(held);
  });

  test.each([
    ["an unknown detector", { detector: "fcoss" }, /no detector named "fcoss"/],
    ["no class", { classes: 0 }, /0 classes: at least 1/],
    [
      "an unknown key",
      { spec: { ...spec, layer: 2 } },
      /spec of detector fcos: unknown key "layer", did you mean "layers"/,
    ],
    [
      "an unknown neck",
      { spec: { neck: { name: "fpm" } } },
      /neck: there is no neck named "fpm" \(did you mean "fpn"/,
    ],
    [
      "an unknown key of the neck",
      { spec: { neck: { widht: 2 } } },
      /spec of neck fpn: unknown key "widht", did you mean "width"/,
    ],
    ["groups that do not divide", { spec: { ...spec, groups: 3 } }, /3 groups of 8 channels/],
    ["a radius of nothing", { spec: { assignment: { kind: "centre", radius: 0 } } }, /assignment.radius/],
  ])("refuses %s", (_, changed, message) => {
    expect(() => createDetector({ ...request, ...changed })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(message) }),
    );
  });

  test("refuses targets of another size or none, and images that are not described", async () => {
    const detector = createDetector(request);
    const features = featuresOf(detector);
    const objective = (targets: object) => () =>
      detector.objective({ ...features, ...targets }, { training: true });
    expect(objective({})).toThrow(/target targets\/labels is not there/);
    const large = { height: 2 * image.height, width: 2 * image.width };
    const wrong = onEngine(stackTargets([detector.targets([], large), detector.targets([], large)]));
    expect(objective(wrong)).toThrow(/is of shape \[2, 1008\], the maps are for \[2, 252\]/);
    await expect(detector.predict(features, originalsOf(1))).rejects.toThrow(/features of 2 images, but 1/);
    await expect(detector.predict({}, originalsOf(2))).rejects.toThrow(
      expect.objectContaining({ code: "REQUEST_INVALID" }),
    );
  });
});

describe("candidates", () => {
  const dense = {
    classes: Float32Array.of(0.9, 0.04, 0.3, 0.5, 0.2, 0.6),
    quality: Float32Array.of(0.4, 0.9, 0.1),
    boxes: Float32Array.of(-5, -5, 10, 12, 2, 3, 40, 4, 5, 5, 5.5, 30),
  };
  const options = { minScore: 0.05, candidates: 10, minSide: 0, extent: { height: 20, width: 30 } };

  test("are classes above the threshold, ranked by √(class · quality), clipped", () => {
    const { boxes, scores, labels, locations } = candidatesOf(dense, options);
    const expected = [
      [1, 1, Math.sqrt(0.5 * 0.9)],
      [0, 0, Math.sqrt(0.9 * 0.4)],
      [1, 0, Math.sqrt(0.3 * 0.9)],
      [2, 1, Math.sqrt(0.6 * 0.1)],
      [2, 0, Math.sqrt(0.2 * 0.1)],
    ];
    expect(Array.from(locations)).toEqual(expected.map(([location]) => location));
    expect(Array.from(labels)).toEqual(expected.map(([, label]) => label));
    expect(
      difference(
        scores,
        expected.map(([, , score]) => score!),
      ),
    ).toBeLessThan(1e-6);
    expect(Array.from(boxes.subarray(0, 8))).toEqual([2, 3, 30, 4, 0, 0, 10, 12]);
  });

  test("are so many at most, and none too small", () => {
    expect(candidatesOf(dense, { ...options, candidates: 2 }).scores).toHaveLength(2);
    expect(Array.from(candidatesOf(dense, { ...options, minSide: 0.75 }).locations)).toEqual([1, 0, 1]);
    expect(Array.from(candidatesOf(dense, { ...options, minSide: 1.5 }).locations)).toEqual([0]);
    expect(candidatesOf(dense, { ...options, minScore: 0.95 }).scores).toHaveLength(0);
  });
});

describe("detections", () => {
  test("are in the original's pixels", () => {
    const original = { image: 7, height: 50, width: 80, scale: [0.5, 2] as const };
    expect(extentOf(original)).toEqual({ height: 100, width: 40 });
    const found = { label: 1, score: 0.5, box: [10, 20, 5, 8] as const };
    expect(toOriginal(found, original)).toEqual({
      image: 7,
      label: 1,
      score: 0.5,
      box: [20, 10, 10, 4],
    });
  });
});
