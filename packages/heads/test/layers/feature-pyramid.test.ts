import { describeEngines } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { createFeaturePyramid, type FeaturePyramid, type PyramidInput } from "../../src/index.js";
import { difference, waves } from "../examples.js";
import { at, convolve64, type Map64, map64, numericGradient } from "../float64.js";

interface Case {
  readonly title: string;
  readonly inputs: readonly PyramidInput[];
  /** Of each input's map. */
  readonly sizes: readonly (readonly [height: number, width: number])[];
}

const cases: readonly Case[] = [
  {
    title: "three levels, one of two maps, given out of order",
    inputs: [
      { channels: 3, level: 4 },
      { channels: 2, level: 2 },
      { channels: 1, level: 3 },
      { channels: 2, level: 4 },
    ],
    sizes: [
      [2, 1],
      [8, 4],
      [4, 2],
      [2, 1],
    ],
  },
  {
    title: "a level left out",
    inputs: [
      { channels: 2, level: 2 },
      { channels: 2, level: 4 },
    ],
    sizes: [
      [8, 4],
      [2, 1],
    ],
  },
  {
    title: "sizes that are no multiple",
    inputs: [
      { channels: 2, level: 3 },
      { channels: 3, level: 3.6 },
    ],
    sizes: [
      [5, 4],
      [3, 3],
    ],
  },
  { title: "a single map", inputs: [{ channels: 3, level: 3 }], sizes: [[3, 2]] },
];

const batch = 2;
const width = 3;

type Tensors = ReadonlyMap<string, ArrayLike<number>>;

/** Lateral convolutions, sums from the top down, output convolutions: loops in float64. */
function reference({ inputs }: Case, maps: readonly Map64[], tensors: Tensors): Map64[] {
  const convolved = (name: string, map: Map64, side: number) =>
    convolve64(map, {
      weight: tensors.get(`fpn.${name}.weight`)!,
      bias: tensors.get(`fpn.${name}.bias`)!,
      side,
    });
  const merged = new Map<number, Map64>();
  for (const [index, { level }] of inputs.entries()) {
    const lateral = convolved(`lateral.${index}`, maps[index]!, 1);
    const before = merged.get(level);
    merged.set(level, before ? map64(before.shape, (...p) => at4(before, p) + at4(lateral, p)) : lateral);
  }
  const levels = [...merged.keys()].sort((a, b) => b - a);
  let above: Map64 | undefined;
  const sums = levels.map((level) => {
    const map = merged.get(level)!;
    const coarser = above;
    above = coarser ? map64(map.shape, (...p) => at4(map, p) + sampled(coarser, map, p)) : map;
    return above;
  });
  return sums.reverse().map((map, index) => convolved(`output.${index}`, map, 3));
}

const at4 = (map: Map64, [n, y, x, c]: readonly number[]) => at(map, n!, y!, x!, c!);

/** The coarser map at a place of the finer one: its nearest cell, or bilinear with half-pixel centres. */
function sampled(coarse: Map64, fine: Map64, [n, y, x, c]: readonly number[]): number {
  const [, rows, columns] = coarse.shape;
  const [, height, width] = fine.shape;
  if (height % rows === 0 && width % columns === 0) {
    return at(coarse, n!, Math.floor((y! * rows) / height), Math.floor((x! * columns) / width), c!);
  }
  const place = (index: number, from: number, to: number) => {
    const centre = Math.min(Math.max(((index + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(centre);
    return [
      [low, 1 - (centre - low)],
      [Math.min(low + 1, from - 1), centre - low],
    ] as const;
  };
  let sum = 0;
  for (const [row, rowShare] of place(y!, rows, height)) {
    for (const [column, share] of place(x!, columns, width)) {
      sum += rowShare * share * at(coarse, n!, row, column, c!);
    }
  }
  return sum;
}

function examples({ inputs, sizes }: Case): Map64[] {
  return inputs.map(({ channels }, index) => {
    const shape = [batch, ...sizes[index]!, channels] as const;
    const values = waves(
      shape.reduce((product, side) => product * side, 1),
      index + 1,
    );
    return { shape, data: Float64Array.from(values) };
  });
}

const tensor = ({ shape, data }: Map64) => tf.tensor4d(Float32Array.from(data), [...shape]);

async function tensorsOf({ variables }: FeaturePyramid): Promise<Tensors> {
  const read = [...variables].map(async ([name, variable]) => [name, await variable.data()] as const);
  return new Map(await Promise.all(read));
}

const joined = (maps: readonly Map64[]) => Float64Array.from(maps.flatMap(({ data }) => [...data]));

describeEngines("feature pyramid on", () => {
  describe.each(cases)("$title", (given) => {
    const create = () => createFeaturePyramid("fpn", { inputs: given.inputs, width, seed: 3 });

    test("gives a map per level, fine to coarse, as float64 does", async () => {
      const pyramid = create();
      const maps = examples(given);
      const expected = reference(given, maps, await tensorsOf(pyramid));
      const found = pyramid.forward(maps.map(tensor));
      expect(found.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
      for (const [index, map] of found.entries()) {
        expect(difference(await map.data(), expected[index]!.data)).toBeLessThan(2e-6);
      }
    });

    test("has the gradients of differences", async () => {
      const pyramid = create();
      const maps = examples(given);
      const tensors = await tensorsOf(pyramid);
      const outputs = reference(given, maps, tensors);
      const dy = waves(joined(outputs).length, 7);
      const inputs = maps.map((map) => tf.variable(tensor(map)));
      const loss = () => {
        const flat = pyramid.forward(inputs as unknown as tf.Tensor4D[]).map((map) => tf.reshape(map, [-1]));
        return tf.sum(tf.mul(tf.concat(flat), tf.tensor1d(dy))) as tf.Scalar;
      };
      const { grads } = tf.variableGrads(loss);
      for (const [index, variable] of inputs.entries()) {
        const moved = (data: Float64Array) =>
          joined(reference(given, maps.with(index, { ...maps[index]!, data }), tensors));
        const expected = numericGradient(moved, maps[index]!.data, dy);
        expect(difference(await grads[variable.name]!.data(), expected)).toBeLessThan(1e-5);
      }
      for (const [name, variable] of pyramid.variables) {
        const moved = (data: Float64Array) =>
          joined(reference(given, maps, new Map([...tensors, [name, data]])));
        const expected = numericGradient(moved, tensors.get(name)!, dy);
        expect(difference(await grads[variable.name]!.data(), expected)).toBeLessThan(1e-5);
      }
    });
  });
});
