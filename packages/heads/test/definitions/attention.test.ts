import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { createHead, resizeBilinear } from "../../src/index.js";
import { difference, mapsFor, tapOf, waves } from "../examples.js";

beforeAll(() => start("cpu"));

const tap = tapOf({ height: 4, width: 6 });
const small = { width: 8, heads: 2, layers: 2 };
const create = (spec: object) =>
  createHead({ head: "attention", spec: { ...small, ...spec }, taps: [tap], classes: 3, seed: 1 });
const evaluation = { training: false };

describe("attention maps", () => {
  const maps = () => mapsFor(tap);

  test("say the tap and the cells they belong to", () => {
    const [map, ...others] = create({ pool: 5 }).attentionMaps!({ [tap.name]: maps() });
    expect(others).toEqual([]);
    expect(map).toMatchObject({ tap: tap.name, height: 4, width: 5 });
    expect(map!.weights.shape).toEqual([2, 2, 2, 20]);
  });

  test("lie over the image row after row: a turned map has turned attention", () => {
    const head = create({ norm: "batch" });
    const weightsOf = (features: tf.Tensor4D) => {
      const { height, width, weights } = head.attentionMaps!({ [tap.name]: features })[0]!;
      return tf.reshape(weights, [2, 2, 2, height, width]);
    };
    const expected = tf.transpose(weightsOf(maps()), [0, 1, 2, 4, 3]);
    const turned = weightsOf(tf.transpose(maps(), [0, 1, 3, 2]));
    expect(turned.shape).toEqual([2, 2, 2, 6, 4]);
    expect(difference(turned.dataSync(), expected.dataSync())).toBeLessThan(1e-5);
  });

  test("are even where all cells are equal", () => {
    const [map] = create({ norm: "batch" }).attentionMaps!({ [tap.name]: tf.ones([1, 3, 4, 6]) });
    const values = map!.weights.dataSync();
    values.forEach((weight, i) => {
      expect(weight).toBeCloseTo(values[i - (i % 24)]!, 6);
    });
  });
});

describe("maps of another size", () => {
  const larger = () => ({ [tap.name]: mapsFor({ ...tap, height: 9, width: 7 }) });

  test("pool to what layer norm was built for, or are refused", () => {
    expect(create({ pool: 3 }).forward(larger(), evaluation).shape).toEqual([2, 3]);
    expect(() => create({ pool: 6 }).forward(larger(), evaluation)).toThrow(
      expect.objectContaining({
        code: "REQUEST_INVALID",
        message: "layer norm pre_layer.9.1 was built for maps of 4×6 after pooling, given: 6×6",
        hint: expect.stringMatching(/layer-interpolated/),
      }),
    );
  });

  test("are taken by batch norm", () => {
    expect(create({ norm: "batch" }).forward(larger(), evaluation).shape).toEqual([2, 3]);
    expect(create({ norm: "batch" }).attentionMaps!(larger())[0]).toMatchObject({ height: 9, width: 7 });
  });

  test("are taken by layer norm with its affine resized bilinearly", () => {
    const head = create({ norm: "layer-interpolated" });
    const affine = (name: string) => head.variables.get(`pre_layer.9.1.${name}`)!;
    affine("weight").assign(tf.tensor3d(waves(72, 2), [3, 4, 6]));
    affine("bias").assign(tf.tensor3d(waves(72, 3), [3, 4, 6]));
    const built = createHead({
      ...{ head: "attention", spec: small, classes: 3, seed: 1 },
      taps: [{ ...tap, height: 9, width: 7 }],
    });
    for (const [name, variable] of head.variables) {
      const resized = /pre_layer\.9\.1/.test(name)
        ? resizeBilinear(tf.reshape(variable, [1, 3, 4, 6]), { height: 9, width: 7 })
        : variable;
      built.variables.get(name)!.assign(tf.reshape(resized, built.variables.get(name)!.shape));
    }
    const [found, expected] = [head, built].map((each) => each.forward(larger(), evaluation).dataSync());
    expect(difference(found!, expected!)).toBeLessThan(1e-5);
  });

  test("train the affine they resize", () => {
    const head = create({ norm: "layer-interpolated" });
    const { grads } = tf.variableGrads(
      () => tf.sum(tf.square(head.forward(larger(), { training: true }))),
      [...head.variables.values()],
    );
    const gradient = grads[head.variables.get("pre_layer.9.1.weight")!.name]!;
    expect(gradient.shape).toEqual([3, 4, 6]);
    expect(tf.max(tf.abs(gradient)).dataSync()[0]).toBeGreaterThan(0);
  });

  test("are refused where they come flat or with other channels", () => {
    const head = create({ norm: "batch" });
    for (const features of [tf.zeros([2, 3 * 9 * 7]), tf.zeros([2, 4, 4, 6])]) {
      expect(() => head.forward({ [tap.name]: features }, evaluation)).toThrow(
        /was built for \[N, 3, 4, 6\]/,
      );
    }
  });
});

test("bilinear resizing is PyTorch's with align_corners=False", () => {
  const resized = resizeBilinear(tf.tensor4d([0, 1, 2, 3], [1, 1, 1, 4]), { height: 1, width: 8 });
  expect(Array.from(resized.dataSync())).toEqual([0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]);
  const column = resizeBilinear(tf.tensor4d([0, 1, 2, 3, 4], [1, 1, 5, 1]), { height: 2, width: 1 });
  expect(Array.from(column.dataSync())).toEqual([0.75, 3.25]);
});

test.each([
  ["heads that do not divide the width", { width: 10, heads: 4 }, /heads: the number of heads has to divide/],
  ["an unknown norm", { norm: "group" }, /norm: /],
  ["an unknown key", { mlp_ratio: 4 }, /unknown key "mlp_ratio", did you mean "mlpRatio"/],
])("refuses %s", (_, spec, message) => {
  expect(() => create(spec)).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(message) }),
  );
});
