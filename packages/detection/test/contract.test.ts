import { describeEngines, start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { type DetectorDefinition, type DetectorParts, detectors } from "../src/index.js";
import { type DetectorExample, detectorContract } from "../src/testing.js";

const image = { height: 32, width: 24 };

const tapAt = (stride: number, channels = 3) => ({
  name: `t50/s${stride}`,
  block: 9,
  timestep: 50,
  channels,
  height: image.height / stride,
  width: image.width / stride,
});

interface Variant {
  readonly taps: DetectorExample["taps"];
  readonly spec: object;
}

const small = { layers: 1, groups: 2 };

/** Taps and specs that each registered detector has to hold the contract with. */
const variants: Record<string, readonly Variant[]> = {
  fcos: [
    { taps: [tapAt(4)], spec: { ...small, neck: { width: 8, extraLevels: 1 } } },
    {
      taps: [tapAt(8, 4), { ...tapAt(4), name: "t90/s4", timestep: 90 }, tapAt(4)],
      spec: {
        ...small,
        neck: { name: "fpn", width: 4, extraLevels: 0 },
        assignment: { kind: "atss" },
        quality: "iou",
        masks: { layers: 1, channels: 4, samples: 6 },
      },
    },
    {
      taps: [tapAt(8)],
      spec: {
        ...small,
        layers: 0,
        reach: 2,
        neck: { name: "simple-pyramid", width: 4, scales: [4, 2, 1, 0.5] },
      },
    },
  ],
};

describeEngines("on", () => {
  for (const definition of detectors) {
    describe.each(variants[definition.name]!)(`${definition.name} $spec`, ({ taps, spec }) => {
      for (const { name, check } of detectorContract) {
        test(name, () => check({ definition, spec, taps, image, classes: 2 }));
      }
    });
  }
});

test("every detector has variants here", () => {
  expect(Object.keys(variants)).toEqual(detectors.map(({ name }) => name));
});

describe("the contract notices", () => {
  beforeAll(() => start("cpu"));

  const [{ taps, spec }] = variants.fcos as [Variant];
  const [sound] = detectors as [DetectorDefinition];

  /** The detector with one part of it replaced. */
  const faulty = (change: (parts: DetectorParts) => Partial<DetectorParts>): DetectorDefinition => ({
    ...sound,
    build: (context) => {
      const parts = sound.build(context);
      return { ...parts, ...change(parts) };
    },
  });

  const run = (name: RegExp, definition: DetectorDefinition) =>
    detectorContract
      .find((each) => name.test(each.name))!
      .check({ definition, spec, taps, image, classes: 2 });

  test("targets that follow from the objects", async () => {
    const growing: DetectorDefinition = {
      ...sound,
      targets: (context) => (objects, size) => {
        const { "targets/labels": labels, ...rest } = sound.targets(context)(objects, size);
        return objects.length > 0 ? { "targets/labels": labels!, ...rest } : rest;
      },
    };
    await expect(run(/shapes follow/, growing)).rejects.toThrow(/depend on the objects/);
  });

  test("terms that are not finite", async () => {
    const dividing = faulty((parts) => ({
      objective: (...given) => ({ ...parts.objective(...given), odd: tf.scalar(Number.NaN) }),
    }));
    await expect(run(/finite terms/, dividing)).rejects.toThrow(/odd is NaN/);
  });

  test("a parameter without gradient", async () => {
    const idle = tf.tidy(() => tf.variable(tf.ones([2])));
    const stray = faulty(({ variables }) => ({ variables: new Map([...variables, ["idle", idle]]) }));
    await expect(run(/gradient for every/, stray)).rejects.toThrow(/idle/);
  });

  test("steps that lead upwards", async () => {
    const upwards = faulty((parts) => {
      let calls = 0;
      return {
        objective: (...given) => {
          const terms = parts.objective(...given);
          return { ...terms, drift: tf.scalar(100 * calls++) };
        },
      };
    });
    await expect(run(/learns along/, upwards)).rejects.toThrow(/the loss went from/);
  });

  test("objects outside the image, out of order, or of no class", async () => {
    const found = { label: 0, score: 0.5, box: [1, 1, 4, 4] } as const;
    const finding = (objects: Awaited<ReturnType<DetectorParts["detect"]>>[number]) =>
      faulty(() => ({
        detect: async (_, images, { minScore }) => images.map(() => (minScore > 1 ? [] : objects)),
      }));
    await run(/inside each image/, finding([found]));
    const wrong = [
      [{ ...found, box: [1, 1, 400, 4] }],
      [found, { ...found, score: 0.6 }],
      [{ ...found, label: 2 }],
      [{ ...found, box: [1, 1, 0, 4] }],
      [],
    ] as const;
    for (const objects of wrong) {
      await expect(run(/inside each image/, finding([...objects]))).rejects.toThrow();
    }
  });

  test("images that change each other", async () => {
    const mixing = faulty((parts) => ({
      infer: (maps) => {
        const inferred = parts.infer(maps);
        const [batch] = inferred.quality!.shape;
        return { ...inferred, quality: tf.div(inferred.quality!, batch!) };
      },
    }));
    await expect(run(/alone/, mixing)).rejects.toThrow(/depends on the batch/);
  });

  test("parameters that the seed does not decide", async () => {
    let seed = 0;
    const drawn: DetectorDefinition = {
      ...sound,
      build: (context) => sound.build({ ...context, seed: seed++ }),
    };
    await expect(run(/seed/, drawn)).rejects.toThrow();
    await expect(run(/same bits/, drawn)).rejects.toThrow();
  });

  test("tensors left behind", async () => {
    const leaking = faulty((parts) => ({
      infer: (maps) => {
        tf.keep(tf.ones([3]));
        return parts.infer(maps);
      },
    }));
    await expect(run(/behind/, leaking)).rejects.toThrow(/left behind/);
  });
});
