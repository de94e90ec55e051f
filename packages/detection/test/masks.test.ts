import { decodeMask } from "@difftap/core";
import { describeEngines } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMaskBranch } from "../src/masks/mask-branch.js";
import { type Pasting, type ProbabilityMap, pasteMask } from "../src/masks/paste-mask.js";
import { difference, numericGradient, waves } from "./float64.js";

const [batch, height, width, channels, objects] = [2, 4, 3, 3, 2];
const stride = 8;
const size = { width: 4, stride, layers: 0, groups: 2, channels, upsample: 1, seed: 1 };

/** Cell by cell and object by object: coordinates and features through the object's own three layers. */
function reference(features: ArrayLike<number>, filters: ArrayLike<number>, places: ArrayLike<number>) {
  const count = filters.length / batch / objects;
  const result: number[] = [];
  for (let sample = 0; sample < batch; sample++) {
    for (let object = 0; object < objects; object++) {
      const own = Array.from({ length: count }, (_, i) => filters[(sample * objects + object) * count + i]!);
      const [x, y, s] = [0, 1, 2].map((i) => places[(sample * objects + object) * 3 + i]!) as [
        number,
        number,
        number,
      ];
      for (let cell = 0; cell < height * width; cell++) {
        const pixel = [((cell % width) + 0.5) * stride, (Math.floor(cell / width) + 0.5) * stride] as const;
        const relative = [(x - pixel[0]) / (8 * s), (y - pixel[1]) / (8 * s)];
        const seen = Array.from(
          { length: channels },
          (_, c) => features[(sample * height * width + cell) * channels + c]!,
        );
        result.push(through(own, [...relative, ...seen]));
      }
    }
  }
  return result;
}

function through(filters: readonly number[], input: readonly number[]): number {
  const sizes = [
    [input.length, channels],
    [channels, channels],
    [channels, 1],
  ] as const;
  let weights = 0;
  let biases = sizes.reduce((sum, [inputs, outputs]) => sum + inputs * outputs, 0);
  let values = [...input];
  for (const [layer, [inputs, outputs]] of sizes.entries()) {
    const given = layer === 0 ? values : values.map((each) => Math.max(0, each));
    values = Array.from({ length: outputs }, (_, output) =>
      given.reduce(
        (sum, each, i) => sum + each * filters[weights + output * inputs + i]!,
        filters[biases + output]!,
      ),
    );
    weights += inputs * outputs;
    biases += outputs;
  }
  return values[0]!;
}

describeEngines("mask branch on", () => {
  const features = waves(batch * height * width * channels, 2);
  const places = Float32Array.of(4, 12, 8, 20, 28, 8, 16, 8, 16, 8, 24, 16);
  const count = (channels + 2 + 1) * channels + (channels + 1) * channels + channels + 1;
  const filters = waves(batch * objects * count, 5);
  const shapes = {
    features: [batch, height, width, channels] as [number, number, number, number],
    filters: [batch, objects, count] as [number, number, number],
    places: [batch, objects, 3] as [number, number, number],
  };

  test("runs every object's own layers, as float64 does", async () => {
    const branch = createMaskBranch(size);
    expect(branch.filters).toBe(count);
    const logits = branch.logits(
      tf.tensor4d(features, shapes.features),
      tf.tensor3d(filters, shapes.filters),
      tf.tensor3d(places, shapes.places),
    );
    expect(logits.shape).toEqual([batch, objects, height, width]);
    expect(difference(await logits.data(), reference(features, filters, places))).toBeLessThan(1e-5);
  });

  test("has the gradients of differences", async () => {
    const branch = createMaskBranch(size);
    const dy = waves(batch * objects * height * width, 7);
    const inputs = [tf.tensor4d(features, shapes.features), tf.tensor3d(filters, shapes.filters)];
    const [toFeatures, toFilters] = tf.grads((a: tf.Tensor, b: tf.Tensor) =>
      branch.logits(a as tf.Tensor4D, b as tf.Tensor3D, tf.tensor3d(places, shapes.places)),
    )(inputs, tf.tensor4d(dy, [batch, objects, height, width]));
    const byFeatures = numericGradient((moved) => reference(moved, filters, places), features, dy);
    const byFilters = numericGradient((moved) => reference(features, moved, places), filters, dy);
    expect(difference(await toFeatures!.data(), byFeatures)).toBeLessThan(1e-4);
    expect(difference(await toFilters!.data(), byFilters)).toBeLessThan(1e-4);
  });

  test("makes masks finer than the map, and features of its width", () => {
    const branch = createMaskBranch({ ...size, layers: 2, upsample: 4 });
    const found = branch.features(tf.zeros([batch, height, width, 4]));
    expect(found.shape).toEqual([batch, height, width, channels]);
    const logits = branch.logits(found, tf.zeros(shapes.filters), tf.ones(shapes.places));
    expect(logits.shape).toEqual([batch, objects, 4 * height, 4 * width]);
  });
});

/** Pixel by pixel over the whole image. */
function pasted(map: ProbabilityMap, { box, image, scale }: Pasting): Uint8Array {
  const mask = new Uint8Array(image.height * image.width);
  const margin = [map.stride / scale[0], map.stride / scale[1]] as const;
  const value = (row: number, column: number) =>
    map.values[
      Math.min(map.height - 1, Math.max(0, row)) * map.width + Math.min(map.width - 1, Math.max(0, column))
    ]!;
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < image.width; x++) {
      const across = x >= Math.floor(box[0] - margin[0]) && x < Math.ceil(box[0] + box[2] + margin[0]);
      const down = y >= Math.floor(box[1] - margin[1]) && y < Math.ceil(box[1] + box[3] + margin[1]);
      if (!across || !down) continue;
      const [u, v] = [((x + 0.5) * scale[0]) / map.stride - 0.5, ((y + 0.5) * scale[1]) / map.stride - 0.5];
      const [column, row] = [Math.floor(u), Math.floor(v)];
      const upper = value(row, column) * (1 - u + column) + value(row, column + 1) * (u - column);
      const lower = value(row + 1, column) * (1 - u + column) + value(row + 1, column + 1) * (u - column);
      if (upper * (1 - v + row) + lower * (v - row) > 0.5) mask[y * image.width + x] = 1;
    }
  }
  return mask;
}

describe("a pasted mask", () => {
  const side = fc.integer({ min: 1, max: 30 });
  const example = fc.record({
    cells: fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })),
    image: fc.record({ height: side, width: side }),
    scale: fc.tuple(fc.constantFrom(0.5, 0.7, 1, 2), fc.constantFrom(0.5, 1, 1.6)),
    box: fc.tuple(side, side, side, side).map(([l, t, w, h]) => [l - 5.5, t - 5, w, h + 0.5] as const),
    salt: fc.integer({ min: 1, max: 1000 }),
    bias: fc.constantFrom(-2, 0, 0.5, 2),
  });

  test("is what interpolation gives, pixel by pixel, and its runs sum up", () => {
    fc.assert(
      fc.property(example, ({ cells: [rows, columns], image, scale, box, salt, bias }) => {
        const values = waves(rows * columns, salt).map((each) => 0.5 + each / 2 + bias);
        const map = { height: rows, width: columns, stride: 4, values };
        const mask = pasteMask(map, { box, image, scale });
        const { counts } = mask;
        expect(counts.reduce((sum, run) => sum + run, 0)).toBe(image.height * image.width);
        expect(counts.subarray(1).every((run) => run > 0)).toBe(true);
        expect(decodeMask(mask)).toEqual(pasted(map, { box, image, scale }));
      }),
      { numRuns: 400, seed: 5 },
    );
  });
});
